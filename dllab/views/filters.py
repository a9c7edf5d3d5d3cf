"""Filters of convolutions: as pictures or strips, with their norms, and remarks on those that do nothing of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.filters import ALIKE, WEAK, Filtered, Filters, Pair
from dllab.runs.metrics_log import plain
from dllab.views.heat import HeatMap
from dllab.views.labels import cut
from dllab.views.looked import state_of
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.pixels import Pictures
from dllab.views.text import count, number, percent

MOST = 32
"""Filters of a layer that are drawn; of more, those with the largest norms."""
SIDE = 8
"""Numbers across a filter up to which each is two cells wide, and so a square of its own without colours, too."""
PAIRS = 5
"""Pairs that are named."""

KINDS = {"conv_transpose": "a picture is what one number of the layer's input adds to its output"}
"""What has to be said of some layers."""


def filters_view(found: Filtered, reference: str, every: bool = False, kept: str = "") -> RenderableType:
    """The first layer, or `every` one, filter by filter; then a line for each layer. `kept`: options for what is next."""
    drawn = found.layers if every else found.layers[:1]
    blocks: list[RenderableType] = [
        Text.assemble((found.name, "bold"), f": filters, {state_of(found.state, found.steps, found.best_step)}"),
        Text("A filter answers most to what looks like it: large where it is +, low where -."),
    ]
    for layer in drawn:
        blocks += [Text(), *_layer(layer)]
    if len(found.layers) > 1:
        blocks += [Text(), _Table(found)]
    return Group(Plain(Group(*blocks, Text())), NextSteps(_next(found, reference, every, kept)))


def _layer(layer: Filters) -> list[RenderableType]:
    """What is shown, the filters, and the remarks."""
    order = _drawn(layer)
    blocks: list[RenderableType] = [Text.assemble((layer.path, "bold"), f": {_size(layer)}")]
    for said in (KINDS.get(layer.kind, ""), _left_out(layer)):
        blocks += [Text(said)] if said else []
    blocks += _strips(layer, order) if layer.one_row else _pictures(layer, order)
    if layer.weights.shape[3] > 1 and not layer.colours:
        blocks += [Text(), _by_channel(layer, order)]
    return [*blocks, *(Text(line) for line in _remarks(layer))]


def _drawn(layer: Filters) -> NDArray[np.int64]:
    """The filters that are drawn, in their order."""
    return np.sort(np.argsort(-layer.norms, kind="stable")[:MOST])


def _size(layer: Filters) -> str:
    filters, height, width, channels = layer.weights.shape
    size = f"{width} steps" if layer.one_row else f"{height} x {width}"
    each = " each of a channel of its own" if layer.kind == "depthwise_conv" else ""
    many = "red, green and blue" if layer.colours else count(channels, "input channel")
    return f"{count(filters, 'filter')} of {size}{each or f', {many}'}"


def _left_out(layer: Filters) -> str:
    more = len(layer.weights) - MOST
    return f"the {MOST} with the largest norms; {count(more, 'other')} in --json" if more > 0 else ""


def _pictures(layer: Filters, order: NDArray[np.int64]) -> list[RenderableType]:
    """Each filter as a picture: its colours, or the slice of the channel that it weighs most."""
    names = [str(i + 1) for i in order]
    captions = [number(float(layer.norms[i]), 3) for i in order]
    zoom = 2 if layer.weights.shape[2] <= SIDE else 1
    below = "below each its norm"
    if layer.colours:
        shares = 0.5 + layer.weights / (2 * (abs(layer.weights).max() or 1.0))
        return [Pictures(shares[order], names, captions, low=0.0, high=1.0, zoom=zoom), Text(f"  grey is 0; {below}")]
    channel, slices = layer.strongest()
    if layer.weights.shape[3] > 1:
        names = [f"{i + 1} ch {channel[i] + 1}" for i in order]
        below = f"of each the slice with the largest norm, and its input channel (ch); {below}, of all slices"
    return [Pictures(slices[order], names, captions, signed=True, zoom=zoom, legend=True), Text(f"  {below}")]


def _strips(layer: Filters, order: NDArray[np.int64]) -> list[RenderableType]:
    """Each filter of a signal as a line."""
    channel, slices = layer.strongest()
    several = layer.weights.shape[3] > 1
    names = [f"{i + 1} ch {channel[i] + 1}" if several else str(i + 1) for i in order]
    said = "; of each the strip with the largest norm, and its input channel (ch)" if several else ""
    steps = [str(step + 1) for step in range(slices.shape[2])]
    return [HeatMap(slices[order, 0], names, steps, signed=True, column_unit="steps"),
            Text(f"  a line for each filter, from its first step to its last{said}")]  # fmt: skip


def _by_channel(layer: Filters, order: NDArray[np.int64]) -> HeatMap:
    """How much each filter weighs each input channel."""
    norms = layer.by_channel[order]
    channels = [str(channel + 1) for channel in range(norms.shape[1])]
    return HeatMap(norms, [str(i + 1) for i in order], channels, row_unit="filters", column_unit="channels",
                   title="norm of each slice: filters in rows, input channels in columns")  # fmt: skip


def _remarks(layer: Filters) -> list[str]:
    """The filters that do nothing of their own, with the rule."""
    lines = []
    if not np.isfinite(layer.norms).all():
        return ["not all of its weights are numbers: training diverged"]
    if layer.weak:
        few = ", ".join(str(i + 1) for i in layer.weak[:MOST])
        lines.append(f"nearly zero: {few} (norm below {percent(WEAK)} of the layer's median, "
                     f"{number(float(np.median(layer.norms)), 3)})")  # fmt: skip
    for said, some in (("alike", [p for p in layer.pairs if p.cosine > 0]),
                       ("opposite", [p for p in layer.pairs if p.cosine < 0])):  # fmt: skip
        if some:
            more = f" and {count(len(some) - PAIRS, 'other pair')}" if len(some) > PAIRS else ""
            rule = f"cosine of {ALIKE} or more" if said == "alike" else f"cosine of -{ALIKE} or less"
            lines.append(f"nearly {said}: {', '.join(map(_pair, some[:PAIRS]))}{more} ({rule})")
    return lines or [f"none nearly zero (norm < {percent(WEAK)} of the median), no two alike (cosine >= {ALIKE})"]


def _pair(pair: Pair) -> str:
    return f"{pair.one + 1} and {pair.other + 1}"


@dataclass(frozen=True, eq=False)
class _Table:
    """A line for each layer; the norm is the median one."""

    found: Filtered

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines, cut where there is no room."""
        yield Text(cut("filters    norm  near 0   alike  layer", options.max_width, options.ascii_only), "bold")
        for layer in self.found.layers:
            numbers = f"{len(layer.norms):>7}  {number(float(np.median(layer.norms)), 3):>6}  {len(layer.weak):>6}"
            line = f"{numbers}  {len(layer.pairs):>6}  {layer.path}"
            yield Text(cut(line, options.max_width, options.ascii_only))


def _next(found: Filtered, reference: str, every: bool, kept: str) -> list[tuple[str, str]]:
    commands = []
    same = f"{reference} {kept}".strip()
    if len(found.layers) > 1 and not every:
        commands.append((f"dllab viz-filters {same} --layer {found.layers[1].path}", "the next layer"))
    if found.state == "trained":
        commands.append((f"dllab viz-filters {same} --before", "before training"))
    return [*commands, (f"dllab viz-activations {same}", "what they make of inputs")]


def document(found: Filtered) -> dict[str, Any]:
    """The same as plain JSON data: all filters of all layers."""
    return {
        "name": found.name,
        "state": found.state,
        "steps": found.steps,
        "best_step": found.best_step,
        "layers": [
            {
                "layer": layer.path,
                "kind": layer.kind,
                "shape": list(layer.weights.shape[1:]),
                "filters": [
                    {"filter": i + 1, "norm": plain(norm), "weights": plain(weights)}
                    for i, (norm, weights) in enumerate(zip(layer.norms, layer.weights))
                ],
                "near_zero": [i + 1 for i in layer.weak],
                "alike": [
                    {"filters": [pair.one + 1, pair.other + 1], "cosine": plain(pair.cosine)} for pair in layer.pairs
                ],
            }
            for layer in found.layers
        ],
    }
