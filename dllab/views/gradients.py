"""What viz-gradients shows: gradients from the last layer back to the first, over the training, and beside the weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.gradients import LIMIT, RATIO, Gradients, LayerGradients, Verdict, total
from dllab.lab.recording import ParameterTrace
from dllab.views.curves import Plot, Series
from dllab.views.heat import HeatMap
from dllab.views.labels import cut
from dllab.views.parts import Plain
from dllab.views.text import number

CURVES = 2  # layers with parameters that are drawn as curves; more are a heat map
BAR = 40  # cells of a bar at most
PATH = 26  # cells of a layer's path at most
HEIGHT = 9  # lines of a plot
DECADES = 12.0  # that a bar spans at most


@dataclass(frozen=True, eq=False)
class GradientsView:
    """The picture, for people."""

    found: Gradients

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A line on what was looked at, the blocks, and the verdict."""
        for number_, block in enumerate(self._blocks(options)):
            yield from [Text()] if number_ else []
            yield Plain(block)

    def _blocks(self, options: ConsoleOptions) -> Iterator[RenderableType]:
        found = self.found
        yield Text.assemble((found.name, "bold"), f": {_looked(found)}")
        if any(one.size is not None for one in found.layers):
            yield Lines(tuple(back(found, min(options.max_width, 100), options.ascii_only)))
        own = [one for one in found.layers if one.norm is not None]
        if found.trained and own:
            yield _over_time(own, found.looks)
        yield from [Lines(tuple(ratios(found, options.ascii_only)))] if found.trained and found.parameters else []
        for one in found.times:
            x = [float(t) for t in range(1, len(one.sizes) + 1)]
            title = f"by the state of {one.path}, step by step"
            yield Plot(title, (Series("", x, one.sizes.tolist()),), HEIGHT, unit="step", log=True)
        yield Lines(tuple(said(verdict) for verdict in found.verdicts))


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines of text, one below the other, broken between words where they have to be."""

    lines: Sequence[Text]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """All of them."""
        yield from self.lines


def back(found: Gradients, width: int, ascii_only: bool) -> Iterator[Text]:
    """A line for each layer, the last one first: size, factor to the layer behind it, a bar on a logarithmic scale."""
    layers = [one for one in found.layers if one.size is not None][::-1]
    sizes = [one.median or 0.0 for one in layers]
    names = [cut("  " * one.depth + one.path, PATH, ascii_only) for one in layers]
    margin = max(cell_len("layer"), *map(cell_len, names))
    finite = [size for size in sizes if size > 0 and np.isfinite(size)]
    top = np.log10(max(finite, default=1.0))
    low = max(min(np.log10(min(finite, default=1.0)) - 0.5, top - 1), top - DECADES)
    yield Text("gradient by each layer's outputs, from the last layer back", "bold")
    yield Text("Read downwards, as it flows; bars are logarithmic: even steps are factors.")
    yield Text(f"{'layer':<{margin}}  {'size':>8}  {'factor':>8}", "dim")
    room, before = max(min(width - margin - 22, BAR), 1), None
    for one, size, name in zip(layers, sizes, names):
        factor = "" if before is None or not before > 0 or one.depth else f"x {number(size / before, 2)}"
        before = before if one.depth else size
        share = (np.log10(size) - low) / (top - low) if size > 0 and np.isfinite(size) else float(size > 0)
        bar = ("#" if ascii_only else "█") * max(round(share * room), int(size > 0))
        space = " " * (margin - cell_len(name))
        yield Text.assemble(f"{name}{space}  {number(size, 3):>8}  {factor:>8}  ", (bar, "#56b4e9"))


def ratios(found: Gradients, ascii_only: bool) -> Iterator[Text]:
    """A line for each parameter: the median of its ratios, where nine of ten lie, and what the rule of thumb says."""
    dash = "-" if ascii_only else "–"
    rows = [(cut(one.label, PATH, ascii_only), *_spread(one), _word(one)) for one in found.parameters]
    margin = max(cell_len("parameter"), *(cell_len(row[0]) for row in rows))
    yield Text("update to weight: |update| / |parameter|", "bold")
    rule = f"{number(RATIO[0])} to {number(RATIO[1])}"
    yield Text(f"About 0.001 is usual for weights, {rule} is fine (rule of thumb: Karpathy, CS231n).")
    yield Text(f"{'parameter':<{margin}}  {'median':>8}  most looks", "dim")
    for name, median, low, high, word in rows:
        space = " " * (margin - cell_len(name))
        spread = f"{number(low, 2)} {dash} {number(high, 2)}"
        yield Text(f"{name}{space}  {number(median, 2):>8}  {spread:<19}  {word}".rstrip())


def said(verdict: Verdict) -> Text:
    """The verdict in a sentence, with its rule."""
    first, last = verdict.layers
    times = f"{number(verdict.factor, 2)} times"
    texts = {
        "depth": f"the gradient at {first} is {times} that at {last}; the limits are 1/{LIMIT:g} and {LIMIT:g} (median over"
        " the looks).",
        "growth": f"the gradient of all parameters became {times} what it was at first (the limit is {LIMIT:g}).",
        "diverged": "training diverged: the loss or the gradient was no longer finite.",
        "time": f"in {first} the gradient at the first step is {times} that at the last; the limits are 1/{LIMIT:g} and"
        f" {LIMIT:g}.",
    }
    name = verdict.name
    text = texts[verdict.because] if first or verdict.because in ("growth", "diverged") else "there is one layer only."
    style = "bold green" if name == "healthy" else "bold red"
    return Text.assemble((f"{name}{' through time' if verdict.because == 'time' else ''}: ", style), text)


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
            {"path": one.path, "kind": one.kind, "median": _plain(one.median), "size": _list(one.size), "norm": _list(one.norm)}
            for one in found.layers
        ],
        "parameters": [
            {
                "label": one.label, "norm": _list(one.norm), "gradient": _list(one.gradient), "update": _list(one.update),
                "ratio": _list(one.ratio),
            }
            for one in found.parameters
        ],
        "gradient": _list(total(found.parameters)),
        "through_time": [
            {"path": one.path, "kind": one.kind, "only_last": one.only_last, "size": _list(one.sizes)} for one in found.times
        ],
        "verdicts": [
            {
                "verdict": one.name, "rule": one.because, "factor": _plain(one.factor), "limit": LIMIT,
                "first": one.layers[0] or None, "last": one.layers[1] or None,
            }
            for one in found.verdicts
        ],
    }  # fmt: skip


def _looked(found: Gradients) -> str:
    if not found.trained:
        state = "before any training" if found.state == "untrained" else "as it diverged"
        return f"{state}, one batch of {found.rows:,} training rows"
    every = f", every {found.looks[1] - found.looks[0]}" if len(found.looks) > 1 else ""
    ended = "diverged after" if found.diverged else "trained"
    return f"{ended} {found.steps:,} steps, {len(found.looks):,} of them looked at{every}"


def _over_time(layers: Sequence[LayerGradients], looks: NDArray[np.int64]) -> RenderableType:
    title = "gradient by each layer's own parameters, over the training"
    norms = [one.norm for one in layers if one.norm is not None]
    if len(layers) <= CURVES:
        x = [float(step) for step in looks]
        curves = [Series(one.path, x, norm.tolist(), "#56b4e9" if not i else "#e69f00", dotted=i > 0)
                  for i, (one, norm) in enumerate(zip(layers, norms))]  # fmt: skip
        return Plot("norm", tuple(curves), HEIGHT, unit="step", log=True)
    values = np.array(norms)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(values > 0, np.log10(values), np.nan)
    return HeatMap(values[::-1], rows=[one.path for one in layers][::-1], title=f"{title} (log10)", unit="(log10)",
                   columns=[f"{step:,}" for step in looks], column_unit="looks")  # fmt: skip


def _spread(one: ParameterTrace) -> tuple[float, float, float]:
    """The median of a parameter's ratios, and between which nine of ten are; NaN where it was always 0."""
    there = one.ratio[np.isfinite(one.ratio)]
    if not len(there):
        return np.nan, np.nan, np.nan
    low, median, high = np.quantile(there, [0.05, 0.5, 0.95])
    return float(median), float(low), float(high)


def _word(one: ParameterTrace) -> str:
    """What the rule of thumb says; nothing of biases and gains, for which it is not meant."""
    median = _spread(one)[0]
    if not is_weight(one.label) or np.isnan(median):
        return ""
    return "small" if median < RATIO[0] else "large" if median > RATIO[1] else "fine"


def is_weight(label: str) -> bool:
    """Whether a parameter is a matrix of weights, by its name: w, wx, wh_2, wq."""
    return label.rpartition(".")[2].startswith("w")


def _list(values: NDArray[np.float64] | None) -> list[float | None] | None:
    return None if values is None else [_plain(value) for value in values]


def _plain(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
