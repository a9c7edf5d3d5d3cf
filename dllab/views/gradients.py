"""What viz-gradients shows: gradients from the last layer back to the first, over the training, and beside the weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.gradients import LIMIT, RATIO, Gradients, LayerGradients, Verdict, total
from dllab.lab.recording import ParameterTrace
from dllab.runs.metrics_log import plain
from dllab.views.curves import Plot, Series
from dllab.views.heat import LABEL, HeatMap
from dllab.views.labels import path_ends
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import count, number

CURVES = 2  # layers with parameters that are drawn as curves; more are a heat map
BAR, SHORT = 40, 12  # cells of a bar at most, and at least where a name is long
FIGURES = 22  # cells of what stands between name and bar
HEIGHT = 9  # lines of a plot
HELP = {
    ("vanishing", False): "relu with init he in place of sigmoid or tanh, batch_norm, residual",
    ("vanishing", True): "lstm or gru in place of rnn, an lstm's forget_bias of 3 to 5, shorter sequences, attention",
    ("exploding", False): "a smaller learning rate, train.clip_norm=1, init he or xavier, batch_norm",
    ("exploding", True): "train.clip_norm=1, a smaller learning rate, tanh in place of relu",
}
DECADES = 40.0  # that a bar spans at most


@dataclass(frozen=True, eq=False)
class GradientsView:
    """The picture, for people."""

    found: Gradients
    commands: tuple[tuple[str, str], ...] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A line on what was looked at, the blocks, and the verdict."""
        for number_, block in enumerate(self._blocks(options)):
            yield from [Text()] if number_ else []
            yield Plain(block)

    def _blocks(self, options: ConsoleOptions) -> Iterator[RenderableType]:
        found = self.found
        yield Text.assemble((found.name, "bold"), f": gradients, {_looked(found)}")
        yield from figures(found, options)
        yield Lines(tuple(line for verdict in found.verdicts for line in said(verdict)))
        yield from [NextSteps(self.commands)] if self.commands else []


def figures(found: Gradients, options: ConsoleOptions, last: int | None = None) -> Iterator[RenderableType]:
    """The blocks of numbers. `last`: the step with which a training that goes on will end; plots are a line lower then."""
    if any(one.size is not None for one in found.layers):
        yield Lines(tuple(back(found, min(options.max_width, 100), options.ascii_only)))
    own = [one for one in found.layers if one.norm is not None]
    if found.trained and own:
        yield _over_time(own, found.looks, last)
    if found.trained and any(one.label in found.weights for one in found.parameters):
        yield Lines(tuple(ratios(found, min(options.max_width, 100), options.ascii_only)))
    for one in found.times:
        x = [float(t) for t in range(1, len(one.sizes) + 1)]
        head = Text(f"gradient through time in {one.path}, from the last step of the sequences back", "bold")
        note = "" if one.only_last else " Every step has a say of its own in the loss."
        how = Text(f"|dL/dh| of the state h at each step, for {found.rows:,} training rows now.{note}")
        yield Group(head, how, Plot("|dL/dh|", (Series("", x, one.sizes.tolist()),), HEIGHT, unit="step", log=True))


def frame(found: Gradients, options: ConsoleOptions, last: int) -> list[RenderableType]:
    """The blocks while training goes on, the most telling first; its end will be the step `last`."""
    blocks, times = list(figures(found, options, last)), len(found.times)
    rest = len(blocks) - times
    return [*blocks[:1], *blocks[rest:], *blocks[1:rest]]


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines of text, one below the other, broken between words where they have to be."""

    lines: Sequence[Text]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """All of them."""
        yield from self.lines


def back(found: Gradients, width: int, ascii_only: bool) -> Iterator[Text]:
    """A line for each layer, the last one first: size, factor to the layer behind it, a bar on a logarithmic scale."""
    layers = downwards([one for one in found.layers if one.size is not None])
    sizes = [one.median or 0.0 for one in layers]
    names = path_ends([one.path for one in layers], max(width - FIGURES - SHORT, LABEL), ascii_only)
    margin = max(cell_len("layer"), *map(cell_len, names))
    finite = [size for size in sizes if size > 0 and np.isfinite(size)]
    top = np.log10(max(finite, default=1.0))
    low = max(min(np.log10(min(finite, default=1.0)) - 0.5, top - 1), top - DECADES)
    yield Text("gradient by each layer's outputs, from the last layer back", "bold")
    yield Text("Read downwards, as it flows. factor: to the line above; bars are logarithmic.")
    yield Text(f"{'layer':<{margin}}  {'size':>8}  {'factor':>8}", "dim")
    room = max(min(width - margin - FIGURES, BAR), 1)
    above: dict[int, float] = {}  # by depth, the size of the layer behind; in front of a block's end that of the block
    for one, size, name in zip(layers, sizes, names):
        before = above[max(outer)] if (outer := [d for d in above if d <= one.depth]) else 0.0
        factor = f"x {number(size / before, 2)}" if before > 0 else ""
        above = {depth: s for depth, s in above.items() if depth < one.depth} | {one.depth: size}
        share = (np.log10(size) - low) / (top - low) if size > 0 and np.isfinite(size) else float(size > 0)
        bar = ("#" if ascii_only else "▇") * max(round(share * room), int(size > 0))
        space = " " * (margin - cell_len(name))
        yield Text.assemble(f"{name}{space}  {number(size, 3):>8}  {factor:>8}  ", (bar, "#56b4e9"))


def downwards(layers: Sequence[LayerGradients]) -> list[LayerGradients]:
    """The last layer first, a block in front of what is in it; they come in their order, blocks in front, too."""
    if not layers:
        return []
    least = min(one.depth for one in layers)
    heads = [place for place, one in enumerate(layers) if one.depth == least] + [len(layers)]
    parts = [layers[a:b] for a, b in zip([0, *heads], heads) if a < b]
    found: list[LayerGradients] = []
    for part in parts[::-1]:
        own = part[:1] if part[0].depth == least else []
        found += [*own, *downwards(part[len(own) :])]
    return found


def ratios(found: Gradients, width: int, ascii_only: bool) -> Iterator[Text]:
    """A line for each parameter: the median of its ratios, where nine of ten lie, and what the rule of thumb says."""
    dash = "-" if ascii_only else "–"
    weights = [one for one in found.parameters if one.label in found.weights]
    names = path_ends([one.label for one in weights], max(width - 38, LABEL), ascii_only)
    rows = [(name, *_spread(one), _word(one)) for name, one in zip(names, weights)]
    margin = max(cell_len("weights"), *(cell_len(row[0]) for row in rows))
    yield Text("update to weight: |update| / |weights|", "bold")
    rule = f"{number(RATIO[0])} to {number(RATIO[1])}"
    yield Text(f"About 0.001 is usual, {rule} is fine (rule of thumb: Karpathy, CS231n).")
    yield Text(f"{'weights':<{margin}}  {'median':>8}  at most looks", "dim")
    for name, median, low, high, word in rows:
        space = " " * (margin - cell_len(name))
        spread = f"{number(low, 2)} {dash} {number(high, 2)}" if np.isfinite(median) else "no update to be seen"
        middle = number(median, 2) if np.isfinite(median) else dash
        yield Text(f"{name}{space}  {middle:>8}  {spread:<19}  {word}".rstrip())


def said(verdict: Verdict) -> Iterator[Text]:
    """The verdict in a sentence, with its rule; below it what helps."""
    first, last = verdict.layers
    times, limits = f"{number(verdict.factor, 2)} times", f"fine is 1/{LIMIT:g} to {LIMIT:g} times"
    texts = {
        "depth": f"the gradient at the first layer, {first}, is {times} that at the last, {last} (median; {limits}).",
        "growth": f"the gradient of all parameters grew to {times} what it was (fine is up to {LIMIT:g}).",
        "diverged": "training diverged: the loss or the gradient was no longer finite.",
        "time": f"in {first} the gradient at the first step is {times} that at the last (median of examples; {limits}).",
    }
    name = verdict.name
    text = "there is one layer only." if verdict.because == "depth" and not first else texts[verdict.because]
    style = "bold green" if name == "healthy" else "bold red"
    title = f"{name}{' through time' if verdict.because == 'time' else ''}"
    yield Text.assemble((title, style), f": {text}")
    if name != "healthy":
        yield Text(f"What helps: {HELP[name, verdict.because == 'time']}.")


def document(found: Gradients) -> dict[str, Any]:
    """The JSON document; see docs/json.md."""
    return {
        "name": found.name,
        "state": found.state,
        "steps": found.steps,
        "diverged": found.diverged,
        "rows": found.rows,
        "looks": found.looks.tolist(),
        "layers": [
            {
                "layer": one.path, "kind": one.kind, "median": plain(one.median), "size": plain(one.size),
                "norm": plain(one.norm),
            }
            for one in found.layers
        ],
        "parameters": [
            {
                "label": one.label, "norm": plain(one.norm), "gradient": plain(one.gradient), "update": plain(one.update),
                "ratio": plain(one.ratio),
            }
            for one in found.parameters
        ],
        "gradient": plain(total(found.parameters)),
        "through_time": [
            {"layer": one.path, "kind": one.kind, "only_last": one.only_last, "factor": plain(one.factor),
             "size": plain(one.sizes)}
            for one in found.times
        ],
        "verdicts": [
            {
                "verdict": one.name, "rule": one.because, "factor": plain(one.factor), "limit": LIMIT,
                "first": one.layers[0] or None, "last": one.layers[1] or None,
            }
            for one in found.verdicts
        ],
    }  # fmt: skip


def _looked(found: Gradients) -> str:
    if not found.trained:
        state = "untrained" if found.state == "untrained" else "as it diverged"
        return f"{state}, one batch of {found.rows:,} training rows"
    every = found.looks[1] - found.looks[0] if len(found.looks) > 1 else 1
    ended = "diverged after" if found.diverged else "trained"
    return f"{ended} {count(found.steps, 'step')}, looked at " + (
        f"every {every} steps" if every > 1 else "in each of them"
    )


def _over_time(layers: Sequence[LayerGradients], looks: NDArray[np.int64], last: int | None = None) -> RenderableType:
    title = "gradient by each layer's own parameters, over the training"
    norms = [one.norm for one in layers if one.norm is not None]
    if len(layers) <= CURVES:
        x, height = [float(step) for step in looks], HEIGHT - (last is not None)
        curves = [Series(one.path, x, norm.tolist(), "#56b4e9" if not i else "#e69f00", dotted=i > 0)
                  for i, (one, norm) in enumerate(zip(layers, norms))]  # fmt: skip
        return Group(Text(title, "bold"), Plot("norm", tuple(curves), height, last, unit="step", log=True))
    values = np.array(norms)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(values > 0, np.log10(values), np.nan)
    rows = [one.path for one in layers]
    return HeatMap(values[::-1], rows=rows[::-1], paths=True, title=f"{title} (log10)", unit="(log10)",
                   columns=[f"{step:,}" for step in looks], column_unit="looks")  # fmt: skip


def _spread(one: ParameterTrace) -> tuple[float, float, float]:
    """The median of a parameter's ratios, and between which nine of ten are; NaN where it was always 0."""
    there = one.ratio[np.isfinite(one.ratio)]
    if not len(there):
        return np.nan, np.nan, np.nan
    low, median, high = np.quantile(there, [0.05, 0.5, 0.95])
    return float(median), float(low), float(high)


def _word(one: ParameterTrace) -> str:
    """What the rule of thumb says."""
    median = _spread(one)[0]
    if np.isnan(median):
        return ""
    return "small" if median < RATIO[0] else "large" if median > RATIO[1] else "fine"
