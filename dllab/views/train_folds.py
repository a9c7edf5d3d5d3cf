"""Cross-validation for people: lines while it goes on, then the folds and what they come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dllab.lab.cross_validate import FoldEnd, FoldEvent, FoldsStarted
from dllab.lab.fold_results import CrossValidation, FoldResult, means
from dllab.training.events import Compiling, FirstTraining
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import SHARES, duration, figure, heading, number, percent
from dllab.views.train_final import ADVICE, WHERE, expectation_line
from dllab.views.transfer import beginning_lines, first_line

WIDTH = 80
MOST_FOLDS = 30
"""More folds than these are not listed one by one."""
MOST_TOLD = 5
GAP = 3


class FoldLines:
    """Turns events into lines: one a fold, or with repeats one a repeat."""

    def __init__(self) -> None:
        self._started: FoldsStarted | None = None
        self._ended: list[FoldResult] = []
        self._announced = False
        self._first = ""

    def line(self, event: FoldEvent) -> str | None:
        """The line that tells of an event."""
        match event:
            case Compiling(total=total) if not self._announced:
                self._announced = True
                return f"compiling {total} kernels (once)"
            case FirstTraining() if event.recipe != self._first:
                self._first = event.recipe
                return first_line(event)
            case FoldsStarted():
                self._started = event
                rows = ", ".join(f"{count:,} {split}" for split, count in event.rows.items())
                line = f"{event.recipe.name}: {folds_text(event.count, event.repeats)}; rows in each: {rows}"
                return "\n".join([line, *beginning_lines(event.beginning)])
            case FoldEnd(result=fold):
                self._ended.append(fold)
                return self._fold(fold)
        return None

    def so_far(self) -> str:
        """The test figure that people look at first, as it stands: `accuracy 95.3 ± 1.8 %`."""
        counted = [fold.figures for fold in self._ended if fold.status != "diverged"]
        test = means(counted).get("test", {})
        name = next((n for n in test if n != "loss"), "loss")
        return f"{heading(name)} {figure(name, test[name])} so far" if name in test else "training"

    def _fold(self, fold: FoldResult) -> str | None:
        assert self._started is not None
        count, repeats = self._started.count, self._started.repeats
        what, now, of, figures = "fold", fold.fold, count, fold.figures.get("test", {})
        if repeats > 1:
            own = [one for one in self._ended if one.repeat == fold.repeat]
            if len(own) < count:
                return None
            what, now, of = "repeat", fold.repeat, repeats
            diverged = sum(one.status == "diverged" for one in own)
            figures = means([one.figures for one in own if one.status != "diverged"]).get("test", {})
        else:
            diverged = int(fold.status == "diverged")
        line = f"{what} {now:>{len(str(of))}}/{of}"
        if diverged:
            line += "  diverged" if repeats == 1 else f"  {diverged} of {count} diverged"
        if not figures or (repeats == 1 and diverged):
            return line
        line += "  test:"
        for name, value in figures.items():
            piece = f" {heading(name)} {figure(name, value):<9}"
            if isinstance(value, int | float) and len(line) + len(piece) <= WIDTH:
                line += piece
        return line.rstrip()


class FoldsFinal:
    """The end of cross-validation. `commands`: what to try next; `advice`: what may train where a fold diverged."""

    def __init__(
        self, result: CrossValidation, commands: Sequence[tuple[str, str]] = (), advice: Sequence[str] = ()
    ) -> None:
        self.result, self.commands, self.advice = result, commands, advice

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Sentences and tables; then what is to be copied, which is not broken at the edge of the terminal."""
        yield Plain(Group(self._sentence(), *self._diverged()))
        if self.advice and self.result.status == "diverged":
            yield NextSteps([(line, "") for line in self.advice], ADVICE)
        yield Plain(Group(*self._tables(options), *self._expected()))
        if self.result.folder is not None:
            yield Text(f"run kept in {self.result.folder}", no_wrap=True, overflow="ignore")
        if self.commands:
            yield Text()
            yield NextSteps(self.commands)

    def _sentence(self) -> Text:
        result = self.result
        trainings, ended = result.count * result.repeats, len(result.folds)
        words = "interrupted" if result.status == "interrupted" else "trained"
        text = Text.assemble(
            (result.recipe.name, "bold"), f": {folds_text(result.count, result.repeats)} ", (words, "bold")
        )
        if ended < trainings:
            text.append(f" after {ended:,} of {trainings:,}")
        if bad := ended - len(result.counted):
            text.append(", ").append(f"{bad:,} diverged", "bold")
        text.append(f", {result.rows:,} rows, seed {result.seed}, {duration(result.seconds)}")
        if result.jobs > 1:
            text.append(f", {result.jobs} at a time")
        if result.held_out:
            text.append(f"; the {result.held_out:,} rows of the published test split are in no fold")
        return text

    def _diverged(self) -> Iterator[RenderableType]:
        bad = [fold for fold in self.result.folds if fold.status == "diverged"]
        for fold in bad[:MOST_TOLD]:
            if fold.diverged is None:
                continue
            name = f"Fold {fold.fold}" + (f" of repeat {fold.repeat}" if self.result.repeats > 1 else "")
            place = WHERE[fold.diverged.where].format(layer=fold.diverged.layer)
            yield Text(f"{name}: the first {fold.diverged.value} appeared {place}, at step {fold.diverged.step}.")
        if len(bad) > MOST_TOLD:
            yield Text(f"So did {len(bad) - MOST_TOLD} more.")
        if bad:
            left = len(self.result.counted)
            others = f"of the {left} other folds" if left > 1 else "of the one fold that is left"
            yield Text(f"The figures are {others}." if left else "No fold is left to measure.")

    def _expected(self) -> Iterator[Text]:
        for expectation in self.result.expectations:
            line = expectation_line(expectation)
            yield line if self.result.status != "diverged" else line.append(", because folds diverged", "not bold")

    def _tables(self, options: ConsoleOptions) -> Iterator[RenderableType]:
        result = self.result
        if result.repeats > 1:
            if result.repeat_means and result.repeats <= MOST_FOLDS:
                yield Text()
                rows = [(str(n), "", mean.get("test", {})) for n, mean in result.repeat_means.items()]
                yield _listed("repeat", rows, options)
        elif result.counted and result.count <= MOST_FOLDS:
            yield Text()
            rows = [(str(f.fold), f"{f.rows.get('test', 0):,}", f.figures.get("test", {})) for f in result.counted]
            yield _listed("fold", rows, options)
        if result.counted:
            yield Text()
            yield self._summary(options)
            yield self._spread()

    def _summary(self, options: ConsoleOptions) -> RenderableType:
        """A column for each split; on a narrow terminal a table for each."""
        mean, sd = self.result.mean, self.result.sd
        names = list(next(iter(mean.values())))
        sign = "+/-" if options.ascii_only else "±"
        lines = [
            [heading(name), *(_with_spread(name, mean[split][name], sd.get(split, {}).get(name), sign) for split in mean)]
            for name in names
        ]
        lines = [[f"mean {sign} sd", *mean], *lines]
        if _width(lines) <= options.max_width:
            return _grid(lines, options)
        return Group(*(_grid([[line[0], line[i]] for line in lines], options) for i in range(1, len(lines[0]))))

    def _spread(self) -> Text:
        result = self.result
        text = f"sd: standard deviation over {len(result.counted):,} folds (n - 1)"
        if spread := result.sd_of_repeats.get("test"):
            told = ", ".join(f"{heading(name)} {_sd(name, value)}" for name, value in list(spread.items())[:3])
            text += f"; of the means of {len(result.repeat_means)} repeats, test: {told}"
        return Text(text if result.sd else "one fold only: no standard deviation")


def folds_text(count: int, repeats: int) -> str:
    """`13 folds, 10 repeats`."""
    return f"{count:,} folds" + (f", {repeats:,} repeats" if repeats > 1 else "")


def _listed(title: str, rows: Sequence[tuple[str, str, Mapping[str, Any]]], options: ConsoleOptions) -> RenderableType:
    """The test figures of folds or repeats, one a line."""
    names = [name for name, value in rows[0][2].items() if isinstance(value, int | float)]
    counted = any(count for _, count, _ in rows)
    lines = [[title, *(["test rows"] if counted else []), *map(heading, names)]]
    for name, count, figures in rows:
        lines.append([name, *([count] if counted else []), *(figure(n, figures.get(n)) for n in names)])
    return _grid(lines, options)


def _grid(lines: list[list[str]], options: ConsoleOptions) -> RenderableType:
    """Cells in columns, as many as fit; the first line is the heading."""
    columns = len(lines[0])
    while columns > 2 and _width([line[:columns] for line in lines]) > options.max_width:
        columns -= 1
    table = Table.grid(padding=(0, GAP))
    for i in range(columns):
        table.add_column(justify="left" if i == 0 else "right", no_wrap=True)
    for number_, line in enumerate(lines):
        table.add_row(*(Text(cell, "bold" if number_ == 0 else "") for cell in line[:columns]))
    return table


def _width(lines: list[list[str]]) -> int:
    """How wide a table of these cells is."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return sum(widths) + GAP * (len(widths) - 1)


def _with_spread(name: str, mean: float, sd: float | None, sign: str) -> str:
    """`97.6 ± 0.5 %`, `0.0497 ± 0.011`."""
    if sd is None:
        return figure(name, mean)
    shown = percent(mean).removesuffix(" %") if name in SHARES else number(mean, 3)
    return f"{shown} {sign} {_sd(name, sd)}"


def _sd(name: str, value: float) -> str:
    return f"{100 * value:.1f} %" if name in SHARES else number(value, 2)
