"""What the layers of a net give: a line for each layer, or one in detail, and rules that say what is unusual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dllab.engine.prepare import shape_text
from dllab.lab.activation_example import Example
from dllab.lab.activations import Activations
from dllab.lab.tally import LayerActivations
from dllab.runs.metrics_log import plain
from dllab.views.activation_example import example_head, example_view, input_picture, units_strip
from dllab.views.histogram import Histogram, sparkline
from dllab.views.looked import looked_at
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import count, number, percent

VIEW = "viz-activations"
WIDE, NARROW = 32, 16  # bars of a layer's histogram
TICKS = (-3.0, -1.0, 0.0, 1.0, 3.0)
MOST_NAMED = 3  # units, and layers of which the rules have something to say
PASSING = ("flatten", "reshape", "dropout", "gaussian_noise", "identity")  # layers whose outputs are those before them
ROOMY = 100  # columns from which the wide histogram and the range are shown


def activations_view(found: Activations, example: Example | None, reference: str, detail: bool,
                     kept: str = "") -> RenderableType:  # fmt: skip
    """The layers as a table; in `detail` each with its histogram and its units; and what they give for an example."""
    blocks: list[RenderableType] = [looked_at(found, "activations", "example")]
    if found.normed:
        blocks.append(Text("Batch norm uses its running averages here, which are 0 and 1 before training."))
    if detail:
        shown = {layer.path: layer for layer in example.layers} if example else {}
        if example:
            blocks += [example_head(example)]
        for layer in found.layers:
            blocks += [Text(), *_detail(layer)]
            if example:
                blocks += [Text(), example_view(example, shown[layer.path], large=True)]
    elif example is not None:
        blocks += [example_head(example), *([input_picture(example)] if example.picture is not None else [])]
        for one in (layer for layer in example.layers if layer.kind not in PASSING):
            blocks += [Text(), example_view(example, one, large=False)]
    else:
        blocks += [
            Text("Histograms: on one scale, x / (1 + |x|)" + _shares_told(found.layers)),
            Text(),
            LayerTable(found.layers),
        ]
    blocks += [Text(), verdict(found.unusual), Text()]
    return Group(Plain(Group(*blocks)), NextSteps(_next(found, example, reference, detail, kept)))


def document(found: Activations, example: Example | None) -> dict[str, Any]:
    """The JSON document."""
    return {
        "name": found.name,
        "state": found.state,
        "steps": found.steps,
        "best_step": found.best_step,
        "split": found.split,
        "rows": found.rows,
        "unusual": list(found.unusual),
        "layers": [_layer_document(layer) for layer in found.layers],
        "example": None if example is None else _example_document(example),
    }


def _layer_document(layer: LayerActivations) -> dict[str, Any]:
    return {
        "layer": layer.path,
        "kind": layer.kind,
        "shape": list(layer.shape),
        "mean": plain(layer.mean),
        "spread": plain(layer.spread),
        "least": plain(layer.least),
        "most": plain(layer.most),
        "zeros": plain(layer.zeros),
        "dead": plain(layer.dead),
        "flat": plain(layer.flat),
        "counts": plain(layer.own),
        "edges": plain(layer.edges),
        "units_active": plain(layer.active),
        "units_size": plain(layer.size),
    }


def _example_document(example: Example) -> dict[str, Any]:
    layers = [
        {
            "layer": one.path,
            "values": plain(one.values),
            "tokens": list(one.tokens),
            "over_time": {name: plain(values) for name, values in one.over_time.items()},
        }
        for one in example.layers
    ]
    return {"input": example.place, "row": example.row, "target": example.target, "layers": layers}


def verdict(unusual: Sequence[str]) -> RenderableType:
    """What the rules say, at most MOST_NAMED of it."""
    if not unusual:
        return Text("Nothing unusual: no hidden layer mostly dead or saturated; spread in bounds.")
    lines = [Text(f"Unusual: {told}") for told in unusual[:MOST_NAMED]]
    more = len(unusual) - MOST_NAMED
    return Group(*lines, *([Text(f"and {count(more, 'more such layer')} (--json tells of all)")] if more > 0 else []))


@dataclass(frozen=True)
class LayerTable:
    """A line for each layer, inner ones indented; a name that has no room stands above its line."""

    layers: Sequence[LayerActivations]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table, with the range of the outputs where there is room for it."""
        roomy = options.max_width >= ROOMY
        bars = WIDE if roomy else NARROW
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        table.add_column("layer", overflow="fold", min_width=8)
        table.add_column(_ticks(bars), no_wrap=True, width=bars)
        headings = [*(("least", "most") if roomy else ()), "mean", "spread", *self._shares()]
        for heading in headings:
            table.add_column(heading, justify="right", no_wrap=True)
        for layer in self.layers:
            cells = {
                "least": number(layer.least, 3), "most": number(layer.most, 3), "mean": number(layer.mean, 2),
                "spread": number(layer.spread, 2), "dead": _share(layer.dead), "satur.": _share(layer.flat),
            }  # fmt: skip
            line = sparkline(layer.counts, bars, options.ascii_only)
            name = " " * layer.depth + self._short(layer)
            table.add_row(name, Text(line, "#56b4e9", no_wrap=True), *(cells[heading] for heading in headings))
        yield table

    def _shares(self) -> Iterator[str]:
        if any(layer.dead is not None for layer in self.layers):
            yield "dead"
        if any(layer.flat is not None for layer in self.layers):
            yield "satur."

    def _short(self, layer: LayerActivations) -> str:
        around = [other.path for other in self.layers if layer.path.startswith(f"{other.path}.")]
        return layer.path.removeprefix(f"{max(around, key=len)}.") if around else layer.path


def _share(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _shares_told(layers: Sequence[LayerActivations]) -> str:
    told = ". dead: units always 0" * any(layer.dead is not None for layer in layers)
    return told + ". satur.: saturated" * any(layer.flat is not None for layer in layers)


def _ticks(bars: int) -> str:
    """Where some numbers lie on the scale of the histograms."""
    line = [" "] * bars
    for value in TICKS:
        label, place = f"{value:g}", round((value / (1 + abs(value)) + 1) / 2 * bars)
        first = min(max(0, place - len(label) // 2 - (value < -1 and bars == NARROW)), bars - len(label))
        if set(line[max(0, first - 1) : first + len(label)]) <= {" "}:
            line[first : first + len(label)] = label
    return "".join(line)


def _detail(layer: LayerActivations) -> Iterator[RenderableType]:
    """Figures of a layer, its histogram, its units."""
    yield Text.assemble((layer.path, "bold"), f"  {layer.kind}, outputs {shape_text(('B', *layer.shape))}")
    figures = f"mean {number(layer.mean, 3)}, spread {number(layer.spread, 3)}"
    figures += f", from {number(layer.least, 3)} to {number(layer.most, 3)}"
    for word, share in (("dead units", layer.dead), ("saturated", layer.flat)):
        figures += "" if share is None else f", {percent(share)} {word}"
    yield Text(figures)
    apart = f" that are not 0 ({percent(layer.zeros)} are)" if layer.zeros_apart else ""
    yield Histogram(layer.own, layer.edges, f"outputs{apart}")
    yield from _units(layer)


def _units(layer: LayerActivations) -> Iterator[RenderableType]:
    """How active the units are: the share of examples in which they are not 0, or their mean absolute output."""
    units = "channels" if len(layer.shape) == 3 else "units"
    by_share = layer.dead is not None
    values = layer.active if by_share else layer.size
    if len(values) < 2:
        return
    said = "how often not 0" if by_share else "mean absolute output"
    yield units_strip(values, f"{len(values)} {units}: {said}", 1.0 if by_share else None, named=False)
    order = np.argsort(-values, kind="stable")
    some = min(MOST_NAMED, len(order) // 2)
    for word, which in (("most", order[:some]), ("least", order[::-1][:some])):
        figures = (percent(float(values[u])) if by_share else number(float(values[u]), 2) for u in which)
        told = ", ".join(f"{u + 1} ({figure})" for u, figure in zip(which, figures))
        yield Text(f"{word} active: {told}")


def worst(layers: Sequence[Any]) -> Any:
    """The layer with the largest share of dead units or saturated outputs, of those in which something can be."""
    shares = [
        max(np.max(x.dead if x.dead is not None else -1), np.max(x.flat if x.flat is not None else -1)) for x in layers
    ]
    return layers[int(np.argmax(shares))] if max(shares) >= 0 else layers[-1]


def _next(found: Activations, example: Example | None, reference: str, detail: bool, kept: str) -> list[tuple[str, str]]:
    command = f"dllab {VIEW} {reference}"
    same = f"{command} {kept}".strip()
    steps = []
    if not detail:
        chosen = worst(found.layers)
        steps.append((f"{same} --layer {chosen.path}", "a layer in detail"))
    if example is None:
        steps.append((f"{same} --input 0", "what every layer gives for one example"))
    steps.append((f"{command} --during", "how it came to be, in training"))
    if found.state == "trained" and not detail:
        steps.append((f"{same} --before", "the same before training"))
    return steps
