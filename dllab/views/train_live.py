"""A run while it goes on: progress, figures, curves, and for points of a plane the boundary as it bends.

The view is fed with events and shows their sum; it takes the size of the terminal and never more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dllab.catalogue import find
from dllab.training.events import Compiling, Diverged, EpochEnd, Event, Finished, FirstTraining, Progress, Started
from dllab.views.boundary import Plane
from dllab.views.curves import Plot, Series
from dllab.views.text import SHARES, duration, figure, heading, number, percent, rate

BLUE, ORANGE = "#56b4e9", "#e69f00"
HEAD_LINES = 3
SHORTEST_BAR, LONGEST_BAR = 10, 60
LOWEST_PICTURE = 6  # lines
MOST_POINTS = 400
HALF, ROUND = 50.0, (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0)
TALLEST, WIDEST_CURVES = 40, 160


class TrainLive:
    """The live picture of one run. `planar`: there will be a plane, so leave room for it.

    `slowed`: for watching; then the run takes `left` more seconds. `written`: what the net writes by now; "" leaves room
    for it, None does not.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.planar = False
        self.slowed, self.left = False, 0.0
        self.plane: Plane | None = None
        self.written: str | None = None
        self.compiling: Compiling | None = None
        self.first: FirstTraining | None = None
        self.started: Started | None = None
        self.progress: Progress | None = None
        self.ended: Finished | None = None
        self.diverged: Diverged | None = None
        self._losses = Thinned()
        self._epochs: list[float] = []
        self._watched: list[EpochEnd] = []

    def update(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case Compiling():
                self.compiling = event if event.done < event.total else None
            case FirstTraining():
                self.first, self.compiling = event, None
            case Started():
                self.started, self.compiling = event, None
                for end in event.history:
                    self._losses.add(end.step / event.steps_per_epoch, end.loss)
                    self._watched.append(end)
            case Progress():
                self.progress = event
                if self.started is not None:
                    self._losses.add(event.step / self.started.steps_per_epoch, event.loss)
            case EpochEnd():
                self._watched.append(event)
            case Diverged():
                self.diverged = event
            case Finished():
                self.ended = event

    def plane_size(self, width: int, height: int) -> tuple[int, int]:
        """Columns and lines of the plane on a terminal of that size; (0, 0) where there is no room for one."""
        lines = min(height - 1 - self.head_lines - 1, TALLEST)  # one line is the legend's
        columns = min(2 * lines, width // 2 - 2)
        return (columns, lines) if self.planar and lines >= LOWEST_PICTURE and columns >= 16 else (0, 0)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Some lines of text, then pictures as large as the terminal allows."""
        width, height = options.max_width, options.size.height
        yield from self.head(width, options.ascii_only)
        room = min(height - 1 - self.head_lines, TALLEST + 1)
        if self.started is None or room < LOWEST_PICTURE or width < 40:
            return
        columns, lines = self.plane_size(width, height)
        if not columns or self.plane is None:
            yield Group(*self._plots(room))
            return
        table = Table.grid(padding=0)
        table.add_column(width=min(width - columns - 2, WIDEST_CURVES))
        table.add_column(width=2)
        table.add_column(width=columns)
        table.add_row(Group(*self._plots(lines + 1)), "", self.plane)
        yield table

    # ---- the lines on top --------------------------------------------------------------------------------------------

    @property
    def head_lines(self) -> int:
        """How many lines `head` has."""
        return HEAD_LINES + (self.written is not None)

    def head(self, width: int, ascii_only: bool) -> list[RenderableType]:
        """Title, progress and figures, a line each."""
        lines = [self._title(width), self._bar(width, ascii_only), self._figures(width)]
        if self.written is not None:
            lines.append(Text.assemble(("writes ", "dim"), self.written))
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
            line.truncate(width, overflow="ellipsis" if not ascii_only else "crop")
        return list(lines)

    def _title(self, width: int) -> Text:
        text = Text(self.name, style="bold")
        if self.started is None:
            return text
        recipe = self.started.recipe
        rows = ", ".join(f"{count:,} {split}" for split, count in self.started.rows.items())
        optimizer = " + ".join(part.name for part in recipe.optimizer)
        for piece in (f"   {rows}", f"   {self.started.loss}, {optimizer}, batch {recipe.train.batch}"):
            if text.cell_len + len(piece) <= width:
                text.append(piece, "not bold")
        return text

    def _bar(self, width: int, ascii_only: bool) -> Text:
        if self.compiling is not None:
            done, total = self.compiling.done, self.compiling.total
            left, pieces = "compiling kernels (once)", [f"{done:>{len(str(total))}}/{total}", self.compiling.kernel]
        elif self.started is None and self.first is not None:
            done, total = self.first.step, self.first.steps
            left, pieces = f"{self.first.recipe} first", [f"{percent(done / max(total, 1)):>6}", "for its weights"]
        elif self.started is None or self.progress is None:
            return Text("getting ready")
        else:
            done, total = self.progress.step, self.progress.steps
            epochs = f"{self.started.epochs}"
            left, pieces = f"epoch {self.progress.epoch:>{len(epochs)}}/{epochs}", self._pace()
        while len(pieces) > 1 and len(left) + SHORTEST_BAR + 2 + len("  ".join(pieces)) > width:
            pieces.pop(1)
        right = "  ".join(pieces)
        room = min(width - len(left) - max(len(right), 30) - 2, LONGEST_BAR)
        room = max(room, min(width - len(left) - len(right) - 2, SHORTEST_BAR), 0)
        full = min(room, room * done // max(total, 1))
        filled, empty = ("#", "-") if ascii_only else ("━", "─")
        text = Text(f"{left} ")
        text.append(filled * full, BLUE).append(empty * (room - full), "dim").append(f" {right}")
        return text

    def _pace(self) -> list[str]:
        """Share done, speed, time left, the most dispensable second; each of a steady width, so that nothing jumps."""
        now = self.progress
        assert now is not None
        speed = rate(now.step, now.seconds)
        if self.ended is not None:
            slowed = " (slowed for watching)" if self.slowed else ""
            return [self.ended.status, speed, duration(self.ended.seconds) + slowed]
        left = now.seconds / max(now.step, 1) * (now.steps - now.step)
        last = f"{_coarse(self.left)} left, slowed" if self.slowed else f"{_coarse(left)} left"
        return [f"{percent(now.step / now.steps):>6}", f"{speed:>17}", f"{last:<11}"]

    def _figures(self, width: int) -> Text:
        text = Text()
        if self.diverged is not None:
            return Text(f"diverged at step {self.diverged.step}: {self.diverged.value} in {self.diverged.layer}", "bold")
        if self.progress is None:
            return text
        text.append(f"loss {number(self.progress.loss)}")
        if self._watched:
            for split, figures in self._watched[-1].figures.items():
                numbers = [name for name, value in figures.items() if name != "loss" and isinstance(value, int | float)]
                shown = [f"{heading(name)} {figure(name, figures[name])}" for name in numbers[:2]]
                text.append(f"  {split} {', '.join(shown) or 'loss ' + number(figures['loss'])}", "bold")
        lr, norm = f"  lr {number(self.progress.lr, 3)}", number(self.progress.gradient_norm, 3)
        room = width - text.cell_len
        return text.append(next((p for p in (f"{lr}  gradient norm {norm}", f"{lr}  |g| {norm}") if len(p) <= room), lr))

    # ---- pictures ----------------------------------------------------------------------------------------------------

    def _plots(self, lines: int) -> list[RenderableType]:
        metric = self._metric()
        end = float(self.started.epochs) if self.started is not None else None
        if metric is None or lines < 2 * LOWEST_PICTURE:
            return [self._loss_plot(lines, end)]
        upper = (lines + 1) // 2
        xs, split = [float(e.epoch) for e in self._watched], self._split()
        in_percent = metric in SHARES
        values = [float(e.figures[split].get(metric, math.nan)) * (100 if in_percent else 1) for e in self._watched]
        curve = Series(split, xs, values, ORANGE, dotted=False)
        title, top = (f"{heading(metric)} %", _top(values)) if in_percent else (heading(metric), None)
        return [self._loss_plot(upper, end), Plot(title, (curve,), lines - upper, end, top=top)]

    def _loss_plot(self, lines: int, end: float | None) -> Plot:
        curves = [Series("train", self._losses.x, self._losses.y, BLUE)]
        split = self._split()
        if split == "validation":
            xs = [float(e.epoch) for e in self._watched]
            curves.append(Series(split, xs, [float(e.figures[split]["loss"]) for e in self._watched], ORANGE, dotted=True))
        return Plot("loss", tuple(curves), lines, end, log="auto")

    def _split(self) -> str:
        """The split whose figures are watched."""
        if self._watched:
            return next(iter(self._watched[-1].figures), "train")
        return "validation" if self.started is not None and "validation" in self.started.rows else "train"

    def _metric(self) -> str | None:
        """The metric that is drawn: the first that is a number. Its place is kept before there are values."""
        if not self._watched:
            names = self.started.metrics if self.started is not None else ()
            return next((name for name in names if not getattr(find("metrics", name), "table", False)), None)
        figures = self._watched[-1].figures.get(self._split(), {})
        return next((n for n, value in figures.items() if n != "loss" and isinstance(value, int | float)), None)


def _coarse(seconds: float) -> str:
    """A time that is only guessed: 0.4 s, 12 s, 2:05."""
    return duration(seconds) if seconds >= 60 else f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


class Thinned:
    """A curve that keeps its shape in a bounded number of points: neighbours are averaged when there are too many."""

    def __init__(self, most: int = MOST_POINTS) -> None:
        self.x: list[float] = []
        self.y: list[float] = []
        self._most, self._each = most, 1
        self._waiting: list[tuple[float, float]] = []

    def add(self, x: float, y: float) -> None:
        """One more point, to the right of the others."""
        self._waiting.append((x, y))
        if len(self._waiting) < self._each:
            return
        self.x.append(self._waiting[-1][0])
        self.y.append(sum(y for _, y in self._waiting) / len(self._waiting))
        self._waiting = []
        if len(self.x) >= 2 * self._most:
            self.x = self.x[1::2]
            self.y = [(a + b) / 2 for a, b in zip(self.y[::2], self.y[1::2])]
            self._each *= 2


def _top(shares: Sequence[float]) -> float:
    """Where a scale of percent ends: at 100, or at a round number above all of them where they are below 50."""
    largest = max((share for share in shares if math.isfinite(share)), default=100.0)
    return 100.0 if largest >= HALF else next(top for top in ROUND if top > largest)
