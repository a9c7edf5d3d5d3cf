"""What a run came to: figures of every split, expectations, where it is kept, what to try next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from dllab.runs.result import Expectation, Result
from dllab.views.figures import figures_table, matrices
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import count, duration, figure, rate

WHERE = {
    "input": "in the inputs",
    "forward": "in the output of {layer}",
    "loss": "in the loss",
    "backward": "in a gradient of {layer}",
    "update": "in the parameters of {layer}",
}
ADVICE = "The learning rate is the first thing to lower; clipping the gradient often helps:"
IN_UNITS = {"mae", "rmse"}  # figures in the unit of the targets


def expectation_line(expectation: Expectation) -> Text:
    """A figure of `expect:`, and whether it is reached."""
    metric = expectation.name.partition("_")[2]
    stated, reached = figure(metric, expectation.stated), figure(metric, expectation.reached)
    words = "reached" if expectation.met else "NOT reached"
    line = Text(f"expected {expectation.name.replace('_', ' ')}: {stated}; got {reached}: ")
    return line.append(words, "bold" if expectation.met else "bold reverse")


class TrainFinal:
    """The end of a run. `commands`: what to try next, as (command line, what it shows). `remark`: on the figures."""

    def __init__(
        self, result: Result, commands: Sequence[tuple[str, str]] = (), advice: Sequence[str] = (), remark: str = ""
    ) -> None:
        self.result, self.commands, self.advice, self.remark = result, commands, advice, remark

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
            yield figures_table(result.metrics, result.rows)
            yield from matrices(result.metrics, options.max_width)
            yield from self._units()
        yield from map(expectation_line, result.expectations)
        if self.remark:
            yield Text(self.remark, "bold")

    def _sentence(self) -> Text:
        result = self.result
        names = {"finished": "trained", "stopped": "stopped early", "interrupted": "interrupted", "diverged": "diverged"}
        text = Text.assemble((result.recipe.name, "bold"), ": ", (names.get(result.status, result.status), "bold"))
        text.append(f", {count(result.epochs, 'epoch')}, {count(result.steps, 'step')}")
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

    def _units(self) -> Iterator[RenderableType]:
        """What the loss and its neighbours are counted in, where these differ."""
        scaled = getattr(self.result.recipe.data, "scales_targets", False)
        named = {name for figures in self.result.metrics.values() for name in figures}
        if scaled and (shown := sorted(IN_UNITS & named)):
            yield Text(f"The loss is that of standardised targets; {' and '.join(shown)} in the unit of the data.", "dim")
