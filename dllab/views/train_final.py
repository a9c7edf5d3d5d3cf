"""What a run came to: figures of every split, expectations, where it is kept, what to try next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dllab.runs.train import Expectation, Result
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import duration, figure, number, rate

WHERE = {
    "input": "in the inputs",
    "forward": "in the output of {layer}",
    "loss": "in the loss",
    "backward": "in a gradient of {layer}",
    "update": "in the parameters of {layer}",
}
ADVICE = "The learning rate is the first thing to lower; clipping the gradient often helps:"
MOST_COLUMNS = 5


def expectation_line(expectation: Expectation) -> Text:
    """A figure of `expect:`, and whether it is reached."""
    metric = expectation.name.partition("_")[2]
    stated, reached = figure(metric, expectation.stated), figure(metric, expectation.reached)
    words = "reached" if expectation.met else "NOT reached"
    line = Text(f"expected {expectation.name.replace('_', ' ')}: {stated}; got {reached}: ")
    return line.append(words, "bold" if expectation.met else "bold reverse")


class TrainFinal:
    """The end of a run. `commands`: what to try next, as (command line, what it shows)."""

    def __init__(self, result: Result, commands: Sequence[tuple[str, str]] = (), advice: Sequence[str] = ()) -> None:
        self.result, self.commands, self.advice = result, commands, advice

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Sentences and a table; then what is to be copied, which is not broken at the edge of the terminal."""
        yield Plain(Group(self._sentence(), *self._divergence()))
        if self.advice and self.result.diverged is not None:
            yield NextSteps([(line, "") for line in self.advice], ADVICE)
        yield Plain(Group(*self._reached(options)))
        if self.result.folder is not None:
            yield Text(f"run kept in {self.result.folder}", no_wrap=True, overflow="ignore")
        if self.commands:
            yield Text()
            yield NextSteps(self.commands)

    def _reached(self, options: ConsoleOptions) -> Iterator[RenderableType]:
        """The figures, and what was expected of them."""
        result = self.result
        if result.metrics:
            yield Text()
            yield self._table(options)
            yield from self._matrices(options)
        yield from map(expectation_line, result.expectations)

    def _sentence(self) -> Text:
        result = self.result
        names = {"finished": "trained", "stopped": "stopped early", "interrupted": "interrupted", "diverged": "diverged"}
        text = Text.assemble((result.recipe.name, "bold"), ": ", (names.get(result.status, result.status), "bold"))
        text.append(f", {result.epochs:,} {'epoch' if result.epochs == 1 else 'epochs'}, {result.steps:,} steps")
        text.append(f", seed {result.seed}, {duration(result.seconds)}")
        if speed := rate(result.steps, result.seconds):
            text.append(f" ({speed})")
        if result.best_epoch is not None:
            text.append(f"; best at epoch {result.best_epoch}")
        return text

    def _divergence(self) -> Iterator[RenderableType]:
        diverged = self.result.diverged
        if diverged is None:
            return
        place = WHERE[diverged.where].format(layer=diverged.layer)
        when = "in the update of step" if diverged.where == "update" else "at step"
        text = Text(f"The first {diverged.value} appeared {place}, {when} {diverged.step} (epoch {diverged.epoch})")
        yield text.append("." if diverged.where == "update" else "; the weights are those before that step.")

    def _table(self, options: ConsoleOptions) -> RenderableType:
        metrics = self.result.metrics
        names = list(dict.fromkeys(
            name for figures in metrics.values() for name, value in figures.items() if isinstance(value, int | float)
        ))[:MOST_COLUMNS]  # fmt: skip
        table = Table.grid(padding=(0, 3))
        table.add_column()
        for _ in range(len(names) + 1):
            table.add_column(justify="right")
        table.add_row(*(Text(name, "bold") for name in ("split", "rows", *names)))
        for split, figures in metrics.items():
            rows = self.result.rows.get(split)
            cells = [figure(name, figures.get(name)) for name in names]
            table.add_row(split, "" if rows is None else f"{rows:,}", *cells)
        return table

    def _matrices(self, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Tables among the metrics, of the last split that has one."""
        split, figures = list(self.result.metrics.items())[-1]
        for name, rows in figures.items():
            if isinstance(rows, list) and rows and isinstance(rows[0], list):
                yield Text()
                yield Text(f"{name.replace('_', ' ')}, {split} (row: true class; column: what the net says)")
                width = max(len(number(cell)) for row in rows for cell in row)
                if (width + 2) * len(rows) + 6 > options.max_width:
                    yield Text(f"{len(rows)} classes: too wide for this terminal; see run.json")
                    continue
                yield Text("      " + "".join(f"{i:>{width + 2}}" for i in range(len(rows))), "bold")
                for i, row in enumerate(rows):
                    yield Text(f"{i:>6}" + "".join(f"{number(cell):>{width + 2}}" for cell in row))
