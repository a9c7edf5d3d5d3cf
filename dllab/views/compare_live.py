"""A comparison while it goes on: rates that are searched for, then the race; the same in lines, where no picture can be."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.compare import CompareEvent, Passed, RaceStarted, RunEnded, Searching, Share
from dllab.lab.comparison import Run, higher_is_better
from dllab.lab.rate_search import Tried, best_of
from dllab.training.events import Compiling, FirstTraining
from dllab.views.compare_curves import Averages, curves_plot
from dllab.views.compare_words import short_names
from dllab.views.text import duration, figure, heading, number
from dllab.views.train_live import BLUE

HEAD_LINES = 2
LOWEST_PICTURE, TALLEST = 6, 40
LONGEST_BAR = 40


class CompareLive:
    """The live picture: fed with events, it shows their sum in the size of the terminal.

    `seconds`: since this part of it began; `watch`: to which the race is stretched, so that it can be watched.
    """

    def __init__(self, recipe: str, watch: float = 0.0) -> None:
        self.recipe, self.watch, self.seconds = recipe, watch, 0.0
        self._compiling: Compiling | None = None
        self._first: FirstTraining | None = None
        self._tried: dict[str, list[Tried]] = {}
        self._metric = "loss"
        self._race: RaceStarted | None = None
        self._averages: Averages | None = None
        self._share: Share | None = None

    @property
    def racing(self) -> bool:
        """Whether the runs that are compared have begun."""
        return self._race is not None

    def update(self, event: CompareEvent) -> None:
        """Take note of an event."""
        match event:
            case Compiling():
                self._compiling = event if event.done < event.total else None
            case FirstTraining():
                self._first = event
            case Searching():
                self._tried.setdefault(event.contender.name, []).append(event.tried)
                self._metric = event.metric
                self._share = Share(event.done, event.of)
            case RaceStarted():
                self._race, self._share = event, None
                self._averages = None if event.watched is None else Averages(event.watched, event.metric)
            case Passed() if self._averages is not None:
                self._averages.add(event.contender, event.mark)
            case Share():
                self._share = event

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A bar, where everybody stands, and the curves."""
        width, height = options.max_width, options.size.height
        yield self._bar(width, options.ascii_only)
        if self._race is None or self._averages is None:
            yield from map(Text, self.searches())
            return
        lines = list(self._standing(width))
        yield from lines
        room = min(height - 2 - len(lines), TALLEST)
        if room >= LOWEST_PICTURE and width >= 40 and self._averages.there:
            yield from self._plots(room)

    def _bar(self, width: int, ascii_only: bool) -> Text:
        text = Text(f"{self.recipe}: ", no_wrap=True, overflow="crop")
        if self._compiling is not None:
            return text.append(f"compiling kernels (once) {self._compiling.done}/{self._compiling.total}")
        if self._share is None:
            first = self._first
            return text.append("getting ready" if first is None or self._race is not None else f"{first.recipe} first")
        what = "runs" if self._race is not None else "rates"
        done, of = min(self._share.work, self._share.of), self._share.of
        left = f"{what} {int(done):>{len(str(of))}}/{of} "
        speed = done / self.seconds if self.seconds > 0 else 0.0
        right = f" {number(speed, 2)}/s, {duration(round((of - done) / speed, 1))} left" if speed > 0 else ""
        if self._race is not None and self.seconds < self.watch:
            right = f" {duration(round(self.watch - self.seconds, 1))} left, slowed"
        room = max(min(width - text.cell_len - len(left) - max(len(right), 24), LONGEST_BAR), 0)
        full = int(room * done / max(of, 1))
        filled, empty = ("#", "-") if ascii_only else ("━", "─")
        return text.append(left).append(filled * full, BLUE).append(empty * (room - full), "dim").append(right)

    def searches(self) -> list[str]:
        """The best rate of each search so far, a line each."""
        return [search_line(name, tried, self._metric) for name, tried in self._tried.items()]

    def _standing(self, width: int) -> Iterator[Text]:
        """Where everybody stands, the best first."""
        race, averages = self._race, self._averages
        assert race is not None and averages is not None
        names = short_names([one.name for one in race.contenders])
        sign = -1 if higher_is_better(race.metric) else 1
        values = [averages.last(n, race.metric) for n in range(len(names))]
        order = sorted(range(len(names)), key=lambda n: math.inf if math.isnan(values[n]) else sign * values[n])
        text = Text(f"{race.watched} {heading(race.metric)}:", no_wrap=True, overflow="crop")
        for n in order:
            piece = f"  {names[n]} {'-' if math.isnan(values[n]) else figure(race.metric, values[n])}"
            if text.cell_len + len(piece) > width:
                break
            text.append(piece)
        yield text

    def _plots(self, room: int) -> Iterator[RenderableType]:
        race, averages = self._race, self._averages
        assert race is not None and averages is not None
        names = [one.name for one in race.contenders]
        metrics = [metric for metric in averages.metrics if not (metric == "loss" and race.losses_differ)]
        if room < 2 * LOWEST_PICTURE:
            metrics = metrics[:1]
        upper = -(-room // len(metrics))
        for place, metric in enumerate(metrics):
            yield curves_plot(averages, names, metric, upper if place == 0 else room - upper, race.steps)


class CompareLines:
    """Turns events into lines: one for each search, one for each seed."""

    def __init__(self) -> None:
        self._tried: dict[str, list[Tried]] = {}
        self._race: RaceStarted | None = None
        self._ended: dict[int, list[Run]] = {}
        self._told = 0
        self._announced = False

    def lines(self, event: CompareEvent) -> Iterator[str]:
        """The lines that tell of an event."""
        match event:
            case Compiling(total=total) if not self._announced:
                self._announced = True
                yield f"compiling {total} kernels (once)"
            case Searching():
                tried = self._tried.setdefault(event.contender.name, [])
                tried.append(event.tried)
                if len(tried) == event.each:
                    yield search_line(event.contender.name, tried, event.metric)
            case RaceStarted():
                self._race = event
            case RunEnded():
                self._ended.setdefault(event.run.seed, []).append(event.run)
                yield from self._seeds()

    def _seeds(self) -> Iterator[str]:
        """Seeds that are complete, in their order."""
        race = self._race
        assert race is not None
        names = short_names([one.name for one in race.contenders])
        while self._told < len(race.seeds):
            runs = self._ended.get(race.seeds[self._told], [])
            if len(runs) < len(names):
                return
            ends = sorted(runs, key=lambda run: run.contender)
            figures = [figure(race.metric, run.final(race.split, race.metric)) for run in ends]
            shown = ["diverged" if run.status == "diverged" else text for run, text in zip(ends, figures)]
            pieces = ", ".join(f"{name} {value}" for name, value in zip(names, shown))
            yield f"seed {race.seeds[self._told]}: {race.split} {heading(race.metric)} {pieces}"
            self._told += 1


def search_line(name: str, tried: list[Tried], metric: str) -> str:
    """`sgd: 5 rates tried, best 0.1 (accuracy 97 %)`."""
    best = best_of(tried, higher_is_better(metric))
    value = "diverged" if best.status == "diverged" else f"{heading(metric)} {figure(metric, best.value)}"
    return f"{name}: {len(tried)} {'rates' if len(tried) > 1 else 'rate'} tried, best {number(best.lr, 3)} ({value})"
