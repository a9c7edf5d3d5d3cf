"""What `compare` and `compare-optimizers` share: options, the race at a terminal, lines elsewhere, the result."""

from __future__ import annotations

import math
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from dllab.cli.failures import FINE, INTERRUPTED, Refused, say

if TYPE_CHECKING:
    from dllab.lab.compare import CompareEvent, Wanted
    from dllab.lab.comparison import Comparison
    from dllab.lab.contenders import Contender

Made = TypeVar("Made")
USUAL_SEEDS, MOST_SEEDS, MOST_JOBS = 5, 1000, 1024
NEVER_ABOVE_1 = ("accuracy", "sequence_accuracy", "precision", "recall", "f1", "auc", "r2")
FRAME = 0.1
USUAL_WATCH = 3.0
"""Seconds that a race at a terminal lasts at least."""
SLICE = 0.02

Seeds = Annotated[
    int, typer.Option("--seeds", help="Seeds with which each is trained.", min=1, max=MOST_SEEDS, metavar="N")
]
FirstSeed = Annotated[
    int | None,
    typer.Option("--seed", help="The first of them [default: the recipe's].", min=0, max=2**62, metavar="N"),
]
Judge = Annotated[
    str | None,
    typer.Option("--metric", help="The figure that the verdict is about [default: the recipe's first].", metavar="METRIC"),
]
Aim = Annotated[
    str | None,
    typer.Option(
        "--target",
        help="A figure to be reached, accuracy=0.95 or loss=0.1 [default: what the median run ends with].",
        metavar="METRIC=VALUE",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", help="Runs trained at a time; changes no figure but times [default: one a processor].",
        min=1, max=MOST_JOBS, metavar="N",
    ),
]  # fmt: skip
WatchRace = Annotated[
    float | None,
    typer.Option(
        "--watch",
        help="Seconds a race at a terminal is stretched to at least; 0: full speed [default: 3].",
        min=0, max=3600, metavar="SECONDS",
    ),
]  # fmt: skip


class Race:
    """Shows events as suits the streams: a live picture at a terminal, lines elsewhere, nothing if quiet."""

    def __init__(self, recipe: str, *, quiet: bool, as_json: bool, watch: float | None) -> None:
        from dllab.cli.console import messages, output
        from dllab.cli.screen import Screen
        from dllab.cli.terminal import lively
        from dllab.views.compare_live import CompareLines, CompareLive

        live = not quiet and lively(sys.stderr) and not messages().legacy_windows
        usual = 0.0 if as_json or not lively(sys.stdout) else USUAL_WATCH
        self._watch = (usual if watch is None else watch) if live else 0.0
        self._view, self._screen = CompareLive(recipe, self._watch), Screen(messages()) if live else None
        self._lines = CompareLines()
        self._console = None if quiet or live else messages() if as_json else output()
        self._began = self._next = time.monotonic()
        self._left = False

    @property
    def live(self) -> bool:
        """Whether there is a picture."""
        return self._screen is not None

    @property
    def searches(self) -> list[str]:
        """What searches for rates have found so far."""
        return self._view.searches()

    @property
    def hold(self) -> Callable[[float], None] | None:
        """What makes the runs wait so that they can be watched."""
        return self._wait if self._watch > 0 else None

    def __enter__(self) -> Race:
        if self._screen is not None:
            self._screen.__enter__()
            self._screen.draw(self._view)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._left = True
        if self._screen is not None:
            from rich.console import Group

            self._screen.draw(Group())
            self._screen.__exit__(kind, error, traceback)

    def show(self, event: CompareEvent) -> None:
        """Show an event. Once training has begun Ctrl-C waits for this, which then raises KeyboardInterrupt."""
        from dllab.cli.interrupt import interrupts
        from dllab.lab.compare import RaceStarted
        from dllab.training.events import Compiling

        if not isinstance(event, Compiling):
            interrupts.hold()
        if isinstance(event, RaceStarted):
            self._began = time.monotonic()
        self._view.update(event)
        if self._console is not None:
            for line in self._lines.lines(event):
                self._console.sentence(line)
        now = time.monotonic()
        if self._screen is not None and (now >= self._next or isinstance(event, Compiling | RaceStarted)):
            self._view.seconds = now - self._began
            self._screen.draw(self._view)
            self._next = time.monotonic() + FRAME
        if interrupts.pressed:
            self._left = True
        interrupts.check()

    def _wait(self, share: float) -> None:
        """In a thread that trains: wait until so much of the race may be over; sooner more of it than later."""
        due = self._began + self._watch * math.sqrt(share)
        while not self._left and (early := due - time.monotonic()) > 0:
            time.sleep(min(early, SLICE))


def run(
    contenders: Sequence[Contender], wanted: Wanted, *, kind: str, what: str, quiet: bool, as_json: bool, trust: bool,
    watch: float | None, save: str | None, title: str, commands: Callable[[Comparison], list[tuple[str, str]]],
) -> int:  # fmt: skip
    """Compare, show what comes out, and return the exit code. `kind`: the document's key of what is compared, as `what`."""
    import dataclasses

    from dllab.cli import saving
    from dllab.cli.console import output
    from dllab.cli.interrupt import interrupts
    from dllab.lab import compare as lab
    from dllab.lab.contenders import Unfit
    from dllab.views.compare import CompareFinal, document

    names = list(dict.fromkeys(contender.recipe.name for contender in contenders))
    race = Race(" and ".join(names[:2]), quiet=quiet, as_json=as_json, watch=watch)
    wanted = dataclasses.replace(wanted, together=race.live, hold=race.hold)
    found: Comparison | None
    interrupted = False
    try:
        with race:
            found = lab.compare(contenders, wanted, race.show, trust)
    except lab.Interrupted as stopped:
        interrupted, found = True, stopped.result
    except Unfit as error:
        raise Refused(error.problem, error.hint) from None
    finally:
        interrupts.release()
    if found is None:
        if not as_json:
            for line in race.searches:
                output().sentence(line)
        say("interrupted while rates were searched for")
        return INTERRUPTED
    view = CompareFinal(found, what, [] if quiet else commands(found))
    if as_json:
        output().document(document(found, kind))
    else:
        output().show(view)
    if not interrupted:
        saving.save(view, save, title)
    return INTERRUPTED if interrupted else FINE


def line_of(command: str, words: Sequence[str], options: Mapping[str, object]) -> str:
    """The command with these words and those options that are not None, as a line for a shell."""
    told = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    return shlex.join(["dllab", command, *words, *told])


def next_lines(
    result: Comparison, command: str, words: Sequence[str], options: Mapping[str, object]
) -> list[tuple[str, str]]:
    """The same with more seeds where nothing is significant, and judged by the loss, in case the metric has no room."""
    lines, more = [], min(4 * len(result.seeds), MOST_SEEDS)
    if not result.apart and not any(pair.significant for pair in result.pairs) and more > len(result.seeds):
        lines.append((line_of(command, words, {**options, "--seeds": more}), "more seeds see smaller differences"))
    if result.metric != "loss" and not result.losses_differ:
        lines.append((line_of(command, words, {**options, "--metric": "loss"}), "judged by the loss"))
    return lines


def seeds_from(first: int | None, contenders: Sequence[Contender], count: int) -> tuple[int, ...]:
    """So many seeds, one after the other."""
    start = contenders[0].recipe.train.seed if first is None else first
    return tuple(range(start, start + count))


def target_of(text: str | None) -> tuple[str, float] | None:
    """`accuracy=0.95`, `loss<0.1`, `accuracy>=95%` as a metric and a value. Raises Refused for what is none."""
    if text is None:
        return None
    import re

    from dllab.catalogue import parts
    from dllab.lab.comparison import higher_is_better
    from dllab.recipe.errors import show

    match = re.fullmatch(r"\s*([a-z]\w*)\s*(=|<=?|>=?|≤|≥)\s*([-+.\w]+)\s*(%?)\s*", text)
    example = "write it as --target accuracy=0.95 or --target loss=0.1"
    try:
        value = float(match[3]) / (100 if match[4] else 1) if match else math.nan
    except ValueError:
        value = math.nan
    if match is None or not math.isfinite(value):
        raise Refused(f"--target {show(text)} is not METRIC=VALUE", example)
    metric, sign = match[1], match[2]
    if metric != "loss" and metric not in parts("metrics"):
        raise Refused(f"--target: there is no metric {show(metric)}", "`dllab metrics` lists them; or take loss")
    if (sign[0] in "<≤" and higher_is_better(metric)) or (sign[0] in ">≥" and not higher_is_better(metric)):
        better = "higher" if higher_is_better(metric) else "lower"
        raise Refused(f"--target {show(text)}: {better} is better in {metric}", f"{example}")
    if metric in NEVER_ABOVE_1 and value > 1:
        raise Refused(f"--target {show(text)}: {metric} is never above 1, so nothing could reach it",
                      f"such as --target {metric}=0.95 or {metric}=95%")  # fmt: skip
    return metric, value


def unfit(make: Callable[[], Made]) -> Made:
    """What it makes; what cannot be compared is Refused."""
    from dllab.lab.contenders import Unfit

    try:
        return make()
    except Unfit as error:
        raise Refused(error.problem, error.hint) from None
