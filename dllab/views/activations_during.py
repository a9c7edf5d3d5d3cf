"""How what layers give changes during training: heat maps of layers by epochs, or of one layer's histogram."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.activations_during import During
from dllab.lab.recording import EDGES, LayerTrace, natural
from dllab.lab.tally import ZEROS_APART
from dllab.runs.metrics_log import plain
from dllab.views.activations import VIEW, verdict, worst
from dllab.views.curves import Plot, Series
from dllab.views.heat import WIDE, HeatMap, row_labels
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import count, number

HEIGHT = 8  # lines of a plot
SEEN = 0.001  # share of the outputs that a row holds at some time, or it is left out at the ends
TOO_FAR = 2  # times what all other layers give: beyond it the last one has no say in the scale
FEWEST = 8  # columns of a heat map
ROWS = 40  # of one at most
MAP_LINES = 6  # of a map beside its rows, and the line above

Array = NDArray[np.float64]


def during_view(found: During, reference: str, detail: bool) -> RenderableType:
    """Mean, spread, dead and saturated of all layers over the epochs; in `detail` each layer's histogram."""
    looked = f": activations during training, {count(found.trained, 'step')}"
    looked += f", {count(len(found.steps), 'look')} (batches of {found.batch})"
    blocks: list[RenderableType] = [Text.assemble((found.name, "bold"), looked)]
    if detail:
        for layer in found.layers:
            blocks += [Text(), *_detail(found, layer)]
    else:
        which = "all layers but the last, which goes beyond it" if _apart(found) else "all layers"
        blocks.append(Text(f"Rows: layers, from input to output. Columns: epochs. One scale for {which}."))
        blocks += [part for figure in _overview(found) for part in (Text(), figure)]
    blocks += [Text(), verdict(found.unusual), Text()]
    return Group(Plain(Group(*blocks)), NextSteps(_next(found, reference, detail)))


def document(found: During) -> dict[str, Any]:
    """The JSON document; histograms by the edges of `edges`, null at the ends, which are infinite."""
    return {
        "name": found.name,
        "state": "training",
        "steps": found.trained,
        "looks": plain(found.steps),
        "epochs": plain(found.epochs),
        "batch": found.batch,
        "edges": [plain(natural(float(edge))) for edge in EDGES],
        "unusual": list(found.unusual),
        "layers": [
            {
                "layer": layer.path,
                "kind": layer.kind,
                "mean": plain(layer.mean),
                "spread": plain(layer.spread),
                "least": plain(layer.least),
                "most": plain(layer.most),
                "zeros": plain(layer.zeros),
                "dead": plain(layer.dead),
                "flat": plain(layer.flat),
                "histogram": plain(layer.histogram),
            }
            for layer in found.layers
        ],
    }


def during_frame(found: During, detail: bool, lines: int) -> list[RenderableType]:
    """The figures while training goes on, the most telling first, up to its end at the epoch `found.ended`.

    `lines`: how high one may be.
    """
    told = Text("  ".join(found.unusual) if found.unusual else "Nothing unusual so far.")
    if detail:
        parts = [part for layer in found.layers for part in _detail(found, layer, found.ended, lines - MAP_LINES)]
        return [*(part for part in parts if not isinstance(part, Text) or part.plain), told]
    mean, spread, *shares = _overview(found, found.ended)
    return [spread, *(replace(figure, noted=False) for figure in (*shares, mean)), told]


def _overview(found: During, end: float | None = None) -> Iterator[OverEpochs]:
    paths, epochs = [layer.path for layer in found.layers], found.epochs
    means, spreads = np.stack([x.mean for x in found.layers]), np.stack([x.spread for x in found.layers])
    inner = found.layers[:-1] if _apart(found) else found.layers
    far, wide = _largest([x.mean for x in inner]), _largest([x.spread for x in inner])
    yield OverEpochs(epochs, means, paths, "mean of the outputs", -far, far, True, paths=True, end=end)
    yield OverEpochs(epochs, spreads, paths, "spread", 0.0, wide, paths=True, end=end)
    for title, name in (("dead: share of units that are 0 for the whole batch", "dead"),
                        ("saturated: share of outputs with hardly any slope", "flat")):  # fmt: skip
        some = [layer for layer in found.layers if getattr(layer, name) is not None]
        if some:
            values = np.stack([getattr(layer, name) for layer in some])
            yield OverEpochs(epochs, values, [x.path for x in some], title, low=0.0, high=1.0, paths=True, end=end)


def _apart(found: During) -> bool:
    """Whether the outputs of the net, which may be of any size, would hide those of its other layers."""
    last, inner = found.layers[-1], found.layers[:-1]
    sizes = [(_largest([getattr(last, name)]), _largest([getattr(x, name) for x in inner])) for name in ("mean", "spread")]
    return len(inner) > 1 and any(outer > TOO_FAR * inside for outer, inside in sizes)


def _largest(values: Sequence[Array]) -> float:
    """The largest size of what is finite."""
    sizes = np.abs(np.concatenate(values)) if values else np.zeros(0)
    return float(np.max(sizes[np.isfinite(sizes)], initial=0.0))


def _detail(found: During, layer: LayerTrace, end: float | None = None, most_rows: int = ROWS) -> Iterator[RenderableType]:
    """The histogram over time, then what can be said in one number as curves."""
    yield Text.assemble((layer.path, "bold"), f"  {layer.kind}")
    shares, apart = layer.histogram.copy(), float(layer.zeros.mean()) > ZEROS_APART
    if apart:
        shares[:, np.searchsorted(EDGES, 0.0)] -= layer.zeros
    seen = np.flatnonzero(shares.max(0) >= SEEN)
    first, last = (int(seen[0]), int(seen[-1])) if len(seen) else (0, len(EDGES) - 2)
    values = shares.T[first : last + 1][::-1]  # (bins, L), large numbers above
    labels = [number(natural(float(EDGES[bin_])), 2) for bin_ in range(first, last + 1)][::-1]
    title = f"share of outputs{' (but not of zeros)' * apart} from the number at a row to the one above"
    yield OverEpochs(found.epochs, values, labels, title, low=0.0, end=end, most_rows=max(most_rows, 1))
    yield Text()
    x = found.epochs.tolist()
    mean = Series("mean", x, layer.mean.tolist(), "#56b4e9")
    spread = Series("spread", x, layer.spread.tolist(), "#e69f00", dotted=True)
    yield Plot("mean and spread", (mean, spread), HEIGHT, found.ended)
    for title, share in (("dead units", layer.dead), ("saturated outputs", layer.flat)):
        if share is not None:
            yield Text()
            yield Plot(f"share of {title}", (Series("", x, share.tolist(), "#d55e00"),), HEIGHT, found.ended, top=1.0)


@dataclass(frozen=True, eq=False)
class OverEpochs:
    """Values (R, L) at the epochs (L,) as a heat map, looks of the same time averaged, with the epochs above.

    `end`: the epoch for which there is to be room, so that a map which grows keeps its scale of time. `noted`: with a line
    that says how long a column is.
    """

    epochs: Array
    values: Array
    rows: Sequence[str]
    title: str
    low: float | None = None
    high: float | None = None
    signed: bool = False
    paths: bool = False
    end: float | None = None
    most_rows: int = ROWS
    noted: bool = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As many columns as there is room for, each of a round number of epochs."""
        margin = max(map(cell_len, row_labels(self.rows, self.paths, options)), default=0) + 1
        room = max(FEWEST, options.max_width - margin)
        last = float(self.epochs[-1]) if self.end is None and len(self.epochs) else self.end or 0.0
        width = _round_width(self.epochs, last, room)
        columns = np.floor(self.epochs / width + 1e-9).astype(np.int64)
        there = np.unique(columns)
        values = np.stack([self.values[:, columns == column].mean(1) for column in there], axis=1)
        labels = [f"{column * width:.6g}" for column in there]
        cell = 0 if self.end is None else min(max(room // (math.floor(last / width) + 1), 1), WIDE)
        yield HeatMap(values, self.rows, labels, self.low, self.high, self.signed, self.title, column_unit="columns",
                      cell=cell, most_rows=self.most_rows, paths=self.paths)  # fmt: skip
        if width != 1 and self.noted:
            yield Text(f"{'':{margin}}each column: {width:.6g} epochs")


def _round_width(epochs: Array, last: float, room: int) -> float:
    """Epochs of a column: one digit times a power of ten, no less than from look to look, for all up to the `last`."""
    least = last / room if len(epochs) else 1.0
    if len(epochs) > 1:
        least = max(least, float(np.diff(epochs).max()))
    if least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    width = next(step * power for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * power >= least * (1 - 1e-9))
    return width if math.floor(last / width) < room else 2 * width


def _next(found: During, reference: str, detail: bool) -> list[tuple[str, str]]:
    command = f"dllab {VIEW} {reference}"
    chosen = f"{command} --during --layer {worst(found.layers).path}"
    steps = [] if detail else [(chosen, "a layer's histogram over the epochs")]
    return [*steps, (command, "the net as it ended"), (f"dllab viz-gradients {reference}", "what comes back through it")]
