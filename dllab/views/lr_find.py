"""The learning-rate range test: loss against rate, what two rules make of it, and the rate to train with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dllab.lab.lr_find import BLOWN_UP, RangeTest, Soundings, smooth
from dllab.runs.metrics_log import plain
from dllab.training.events import Compiling, Event, FirstTraining
from dllab.views.curves import Plot, Series
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import count, number

HEIGHT = 14  # lines of the picture
RAW, SMOOTH = "#999999", "#0072b2"
ABOVE, BELOW = 1.25, 0.5  # the loss of a batch is drawn between these times the ends of the smoothed one
TOP = 1.5  # times the loss at the start: what is above lies at the edge, so that the valley is seen
FAR_APART = 100.0  # times, from which on the two rules disagree
RULE = "half-way between the steepest descent and a tenth of the rate with the least loss, on the logarithmic scale"


def lr_find_view(found: RangeTest, reference: str) -> RenderableType:
    """The curve with its marks, the rates, and what to do with them. `reference`: the recipe as the user gave it."""
    blocks: list[RenderableType] = [_head(found), _curve(found), Text(), _rates(found), Text(), *_sentences(found), Text()]
    return Group(Plain(Group(*blocks)), NextSteps(_next(found, reference)))


def live_view(name: str, event: Event | Soundings) -> RenderableType:
    """What goes on: the training under way, or what has to be done before it."""
    head = Text.assemble((name, "bold"), ": ")
    if isinstance(event, Compiling):
        return head.append(f"compiling kernels (once), {event.done} of {event.total} {event.kernel}")
    if isinstance(event, FirstTraining):
        return head.append(f"first {event.recipe} is trained, step {event.step:,} of {event.steps:,}")
    if not isinstance(event, Soundings):
        return head.append("getting ready")
    done, total = len(event.losses), len(event.rates)
    head.append(f"training {event.number} of {event.of}, step {done:>{len(str(total))}} of {total}")
    if done:
        head.append(f", rate {event.rates[done - 1]:.1e}")
    smoothed = smooth(event.losses, total)
    return Group(head, _plot(event.rates, event.losses, smoothed, float(event.rates[0]), float(event.rates[-1]), {}))


def document(found: RangeTest) -> dict[str, Any]:
    """The JSON document."""
    numbers = zip(found.rates, found.loss, found.smoothed)
    return {
        "recipe": found.recipe,
        "optimizer": found.optimizer,
        "lr": found.lr,
        "schedule": found.schedule,
        "seeds": list(found.seeds),
        "from": found.low,
        "to": found.high,
        "steps": found.steps,
        "steps_per_epoch": found.per_epoch,
        "curve": [
            {"lr": float(rate), "loss": plain(loss), "smoothed": plain(smoothed)} for rate, loss, smoothed in numbers
        ],
        "suggested": found.suggested,
        "rule": RULE,
        "steepest": found.steepest,
        "least": found.least,
        "least_tenth": found.tenth,
        "stopped_at": _stopped(found),
        "ended": found.ended,
    }


def _stopped(found: RangeTest) -> float | None:
    """The rate at which the test ended before its last step."""
    if found.ended == "done":
        return None
    return float(found.rates[-1]) if len(found.rates) else found.low


def _head(found: RangeTest) -> Text:
    epochs = f"{found.steps / found.per_epoch:,.1f}".removesuffix(".0")
    head = Text.assemble((found.recipe, "bold"), f": the rate of {found.optimizer} rises from {number(found.low)} to ")
    head.append(f"{number(found.high)} over {count(found.steps, 'step')}, {epochs} epoch{'s' * (epochs != '1')}; ")
    return head.append(f"mean of {count(len(found.seeds), 'training')}" if len(found.seeds) > 1 else "one training")


def _curve(found: RangeTest) -> Plot:
    marks = {"L": found.least, "T": found.tenth, "S": found.steepest, "o": found.lr, "*": found.suggested}
    places = {sign: rate for sign, rate in marks.items() if rate is not None}
    return _plot(found.rates, found.loss, found.smoothed, found.low, found.high, places)


def _plot(
    rates: NDArray[np.float64], loss: NDArray[np.float64], smoothed: NDArray[np.float64], low: float, high: float,
    marks: dict[str, float],
) -> Plot:  # fmt: skip
    x = np.log10(rates[: len(loss)]).tolist()
    if len(loss):
        top = min(ABOVE * smoothed.max(), TOP * smoothed[0] if smoothed[0] > 0 else np.inf)
        loss, smoothed = np.clip(loss, BELOW * smoothed.min(), top), np.minimum(smoothed, top)
    series = (Series("of each batch", x, loss.tolist(), RAW, points=True), Series("smoothed", x, smoothed.tolist(), SMOOTH))
    places = {sign: float(np.log10(rate)) for sign, rate in marks.items()}
    first, last = float(np.log10(low)), float(np.log10(high))
    return Plot("loss", series, HEIGHT, last, "rate", log="auto", start=first, log_x=True, marks=places)


def _rates(found: RangeTest) -> Table:
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "right", "left"):
        table.add_column(justify=justify, no_wrap=justify == "right")
    if found.suggested is not None and found.steepest is not None and found.least is not None:
        least = number(float(found.smoothed.min()), 3)
        table.add_row("S", "steepest", number(found.steepest, 2), "there the smoothed loss falls most, seen over a decade")
        table.add_row("L", "least", number(found.least, 2), f"there the smoothed loss is least, {least}")
        table.add_row("T", "a tenth", number(found.tenth, 2), "of that, to stay clear of the rise")
        why = "half-way between S and T, on this scale"
        table.add_row(Text("*", "bold"), Text("suggested", "bold"), Text(number(found.suggested), "bold"), why)
    table.add_row("o", "the recipe's", number(found.lr), _beside(found))
    return table


def _beside(found: RangeTest) -> str:
    """How the recipe's own rate lies to the suggested one."""
    if found.suggested is None:
        return ""
    times = found.lr / found.suggested
    if 0.5 <= times <= 2:
        return "about the same"
    return f"{number(max(times, 1 / times), 2)} times {'more' if times > 1 else 'less'}"


def _sentences(found: RangeTest) -> list[Text]:
    """How the test ended, and what must be known of the suggestion."""
    stopped, lines = _stopped(found), []
    if stopped is not None:
        rose = f"the smoothed loss was above {BLOWN_UP:g} times its least and above where it began"
        why = rose if found.ended == "rose" else "a loss was no finite number"
        lines.append(f"At {number(stopped, 2)} {why}: the test ended there.")
    else:
        lines.append(f"The loss did not blow up by {number(found.high)}.")
    if not len(found.loss):
        lines.append("It was the first: no rate helps here.")
    elif found.loss[0] == 0:
        lines.append("It is 0 before the first step, so no rate can be read from it.")
    elif found.steepest is None or found.tenth is None:
        lines.append("It hardly falls at any rate, so none can be read from it.")
    elif max(found.steepest / found.tenth, found.tenth / found.steepest) > FAR_APART:
        lines.append("The two rules are far apart, so take the suggestion with care.")
    if found.suggested is not None and found.schedule != "constant":
        lines.append(f"Training applies the recipe's schedule, {found.schedule}, to the rate, whichever it is.")
    return [Text(line) for line in lines]


def _next(found: RangeTest, reference: str) -> list[tuple[str, str]]:
    other = "sgd" if found.optimizer != "sgd" else "adam"
    steps = [] if " optimizer" in reference else [(f"dllab lr-find {reference} optimizer={other}", "that of another one")]
    if found.suggested is not None:
        return [(f"dllab train {reference} optimizer.lr={found.suggested:g}", "train with it"), *steps]
    if not len(found.loss):
        return [(f"dllab gradcheck {reference}", "where the numbers come from")]
    if found.loss[0] == 0:
        return [(f"dllab train {reference}", "train with the recipe's own rate")]
    return [(f"dllab lr-find {reference} --steps {4 * found.steps}", "a longer test learns more"), *steps]
