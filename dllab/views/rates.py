"""The learning rate over the steps of a run, by one schedule or by several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.rates import Rates, Schedules
from dllab.views.colours import coloured
from dllab.views.curves import Plot, Series
from dllab.views.data_pictures import PALETTE
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import count, number

HEIGHT, SMALL = 12, 6  # lines of one picture, and of each of several
POINTS = 600  # of a curve
DRAWN = 1000  # steps of a document, evenly taken where a run has more


def rates_view(found: Schedules, reference: str) -> RenderableType:
    """Curves, what they reach and when, and what schedules cannot tell before. `reference`: of the target."""
    blocks: list[RenderableType] = [_head(found), _Curves(found), Text(), *_sentences(found)]
    if any(rates.reacts for rates in found.found):
        blocks.append(Text("plateau multiplies these rates as losses come in: what it does shows only in training."))
    if found.stops_early:
        blocks.append(Text("The recipe may stop early; schedules are laid out for the full length."))
    steps = [("dllab schedules", "all there are, with their options")]
    if len(found.found) == 1:
        other = "one_cycle" if found.found[0].name == "cosine" else "cosine"
        steps.insert(0, (f"dllab viz-schedule {reference} {other}", f"{other} beside it"))
    return Group(Plain(Group(*blocks, Text())), NextSteps(steps))


def document(found: Schedules) -> dict[str, Any]:
    """The JSON document: the rates of every step, or of DRAWN of them."""
    chosen = _steps(found.steps, DRAWN)
    return {
        "recipe": found.recipe,
        "steps": found.steps,
        "steps_per_epoch": found.per_epoch,
        "lr": found.lr,
        "at_steps": chosen,
        "schedules": [_rates_document(rates, chosen) for rates in found.found],
    }


def _rates_document(rates: Rates, chosen: list[int]) -> dict[str, Any]:
    return {
        "schedule": rates.text,
        "warmup": rates.warmup,
        "reacts_to_losses": rates.reacts,
        "highest": float(rates.rates[rates.highest]),
        "highest_at": rates.highest,
        "lowest": float(rates.rates[rates.lowest]),
        "lowest_at": rates.lowest,
        "rates": rates.rates[chosen].tolist(),
    }


def _head(found: Schedules) -> Text:
    if found.recipe is None:
        return Text(f"the share of the optimizer's learning rate over {count(found.steps, 'step')}")
    head = Text.assemble((found.recipe, "bold"), f": the learning rate over {count(found.steps, 'step')}")
    if found.per_epoch is not None and found.steps >= found.per_epoch:
        head.append(f", {_rounded(found.steps / found.per_epoch)} epochs of {found.per_epoch:,}")
    return head.append(f"; the optimizer's own is {number(found.lr)}")


def _rounded(epochs: float) -> str:
    """3.7 epochs; 40 without a digit behind the point."""
    return f"{epochs:,.1f}".removesuffix(".0")


def _names(found: Schedules) -> list[str]:
    """Names that tell the schedules apart: `cosine (recipe)`, `cosine`, `cosine 2`."""
    all_ = [rates.name for rates in found.found]
    named: list[str] = []
    for index, name in enumerate(all_):
        own = found.recipe is not None and index == 0
        before = all_[found.recipe is not None : index].count(name)
        named.append(f"{name} (recipe)" if own and all_.count(name) > 1 else f"{name} {before + 1}" if before else name)
    return named


@dataclass(frozen=True)
class _Curves:
    """All curves in one picture, where they can be told apart there; else each in one of its own."""

    found: Schedules

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The pictures, on the same scale."""
        names = _names(self.found)
        curves = [_series(rates, name, index) for index, (rates, name) in enumerate(zip(self.found.found, names))]
        top = max(max(curve.y) for curve in curves)
        last = float(self.found.steps - 1)
        apart = len(curves) > 2 and (not coloured(console, options) or len(curves) > len(PALETTE))
        for group in [(curve,) for curve in curves] if apart else [tuple(curves)]:
            group = tuple(replace(curve, dotted=curve.dotted and not apart) for curve in group)
            yield Plot("rate", group, SMALL if apart else HEIGHT, end=last, unit="step", top=top)


def _series(rates: Rates, name: str, index: int) -> Series:
    chosen = _steps(len(rates.rates), POINTS, [rates.warmup - 1, rates.warmup, rates.highest, rates.lowest])
    drawn = [float(rates.rates[step]) for step in chosen]
    return Series(name, chosen, drawn, PALETTE[index % len(PALETTE)], dotted=index % 2 > 0)


def _steps(count_: int, most: int, also: Sequence[int] = ()) -> list[int]:
    """All steps, or so many evenly taken, the first and last among them, and some more."""
    chosen = set(np.linspace(0, count_ - 1, min(most, count_)).round().astype(int).tolist())
    return sorted(chosen | {step for step in also if 0 <= step < count_})


def _sentences(found: Schedules) -> list[Text]:
    """One for each schedule, with its colour where there are several."""
    several = len(found.found) > 1
    named = zip(found.found, _names(found))
    return [_said(rates, name, PALETTE[i % len(PALETTE)] if several else "") for i, (rates, name) in enumerate(named)]


def _said(rates: Rates, name: str, style: str) -> Text:
    """How long a schedule warms up, and where its rates are highest and lowest."""
    line = Text.assemble(("--- " if style else "", style), (name + rates.text.removeprefix(rates.name), "bold"), ": ")
    if rates.warmup:
        steps = len(rates.rates)
        longer = f", longer than the run's {steps:,}," if rates.warmup > steps else ""
        line.append(f"warm-up over {count(rates.warmup, 'step')}{longer} from {number(float(rates.rates[0]), 3)}; ")
    high, low = rates.highest, rates.lowest
    if rates.rates[high] == rates.rates[low]:
        return line.append(f"always {number(float(rates.rates[high]), 3)}")
    line.append(f"highest {number(float(rates.rates[high]), 3)} at step {high:,}, ")
    return line.append(f"lowest {number(float(rates.rates[low]), 3)} at step {low:,}")
