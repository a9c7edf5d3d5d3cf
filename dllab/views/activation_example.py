"""What a layer gives for one example: feature maps as pictures, states and gates as heat maps, units as strips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from dllab.lab.activation_example import CELL, STATE, Example, Shown
from dllab.views.beside import Beside
from dllab.views.heat import HeatMap
from dllab.views.pixels import Pictures
from dllab.views.text import number

FEW, MANY = 6, 16  # units of a heat map over time, in a small figure and in a large one
LINES = 3  # of feature maps in a large figure
SMALL = 12  # pixels of a feature map in a small figure
LONGEST = 12  # outputs that are written as numbers
NUMBERS = 8  # of an input
GATE_NAMES = {
    STATE: "h, the state", CELL: "c, the cell", "i": "i, input gate", "f": "f, forget gate", "g": "g, candidate",
    "o": "o, output gate", "r": "r, reset gate", "z": "z, update gate", "n": "n, candidate",
}  # fmt: skip

Array = NDArray[Any]


def example_head(example: Example) -> RenderableType:
    """Which example it is, and what it reads."""
    head = f"input {example.place} of the split {example.split} (row {example.row} of the data)"
    head += f": {example.target}" if example.target else ""
    if example.picture is not None:
        return Text(head)
    if example.tokens:
        return Group(Text(head), Text(f"reads: {joined(example.tokens)}"))
    flat = example.inputs.reshape(-1)
    some = ", ".join(number(float(x), 3) for x in flat[:NUMBERS])
    return Group(Text(head), Text(f"reads: {some}" + (f", ... ({len(flat)} numbers)" if len(flat) > NUMBERS else "")))


def input_picture(example: Example) -> RenderableType:
    """The picture that the example is."""
    assert example.picture is not None
    return Pictures(example.picture[np.newaxis])


def example_view(example: Example, shown: Shown, *, large: bool) -> RenderableType:
    """The figure that suits a layer's outputs."""
    shape = " x ".join(map(str, shown.values.shape))
    head = Text.assemble((shown.path, "bold"), f"  {shown.kind}, {shape}")
    if large:
        head = Text(f"for input {example.place}", "bold")
    return Group(head, *_figures(example, shown, large))


def _figures(example: Example, shown: Shown, large: bool) -> Sequence[RenderableType]:
    values = shown.values
    if shown.over_time and large:
        return [_gates(shown)]
    if values.ndim == 3:
        return [Maps(example.picture if large else None, values, large)]
    if values.ndim == 2:
        return [_over_time(values, shown.tokens, MANY if large else FEW)]
    names = example.units if len(example.units) == len(values) and not large else ()
    return [units_strip(values, "", None, names=names)]


def _gates(shown: Shown) -> RenderableType:
    """State, gates and cell beside each other, of the same units."""
    units = _busiest(shown.over_time[STATE], MANY)
    ranges = {STATE: None, CELL: None, "g": None, "n": None}
    figures = [
        HeatMap(
            values.T[units], [str(unit + 1) for unit in units], shown.tokens or _steps(len(values)), title=GATE_NAMES[name],
            low=None if name in ranges else 0.0, high=None if name in ranges else 1.0, signed=name in ranges,
            row_unit="units", column_unit="steps",
        )
        for name, values in shown.over_time.items()
    ]  # fmt: skip
    least = min(max(38, len(shown.over_time[STATE]) + 6), 70)  # a cell for every step, and room for the scale
    return Group(_of(units, shown.over_time[STATE].shape[1]), Beside(figures, least=least, most=3))


def _over_time(values: Array, tokens: Sequence[str], most: int) -> RenderableType:
    """Units by steps."""
    units = _busiest(values, most)
    heat = HeatMap(
        values.T[units], [str(unit + 1) for unit in units], tokens or _steps(len(values)), signed=bool((values < 0).any()),
        row_unit="units", column_unit="steps",
    )  # fmt: skip
    return Group(_of(units, values.shape[1]), heat)


def _of(units: Array, total: int) -> Text:
    if len(units) == total:
        return Text("rows: units, columns: steps")
    return Text(f"rows: the {len(units)} of {total} units that move most, columns: steps")


def _busiest(values: Array, most: int) -> Array:
    """The units (of the last axis) that change most from step to step, in their own order."""
    with np.errstate(invalid="ignore", over="ignore"):
        moving = np.nan_to_num(np.abs(values - values.mean(0)).mean(0), nan=0.0)
    return np.sort(np.argsort(-moving, kind="stable")[:most])


def _steps(length: int) -> list[str]:
    return [str(step) for step in range(1, length + 1)]


def units_strip(
    values: Array, title: str, high: float | None, *, names: Sequence[str] = (), named: bool = True
) -> RenderableType:
    """Units in a line of cells, with their names or numbers, from 1; many in several lines, or averaged."""
    return Strip(np.asarray(values, np.float64), title, high, tuple(names), named)


@dataclass(frozen=True, eq=False)
class Strip:
    """Values (units,) as a heat map of one line, or of several of the same length if one does not do."""

    values: Array
    title: str
    high: float | None
    names: tuple[str, ...]
    named: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The heat map; few values with their numbers."""
        values, size = self.values, len(self.values)
        signed = bool((values < 0).any())
        low = None if signed else 0.0
        if size <= LONGEST and self.named:
            labels = self.names or [str(unit + 1) for unit in range(size)]
            yield HeatMap(values[np.newaxis], (), labels, low, self.high, signed, self.title, numbers=True,
                          column_unit="units")  # fmt: skip
            return
        length = _line_length(size, options.max_width - 6)
        rows = values.reshape(-1, length)
        labels = [str(first + 1) for first in range(0, size, length)] if len(rows) > 1 else []
        yield HeatMap(rows, labels, (), low, self.high, signed, self.title, column_unit="units")


def _line_length(size: int, room: int) -> int:
    """How many units stand in a line, so that all lines are of one length."""
    if size <= room:
        return size
    fitting = [length for length in range(room // 3, room + 1) if size % length == 0]
    return fitting[-1] if fitting else size


@dataclass(frozen=True, eq=False)
class Maps:
    """Feature maps (H, W, C) as pictures, with the example's picture on their left."""

    picture: Array | None
    values: Array
    large: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The picture, and beside it as many maps as there is room for."""
        maps = np.moveaxis(self.values, -1, 0)
        signed = bool((maps < 0).any())
        zoom = 2 if self.large and maps.shape[2] <= 8 else 1
        small = SMALL if not self.large else 32
        drawn = Pictures(
            maps, [str(channel + 1) for channel in range(len(maps))], signed=signed, widest=small, zoom=zoom,
            most_lines=LINES if self.large else 1, legend=True,
        )  # fmt: skip
        room = options.max_width
        if self.picture is None:
            yield drawn
        else:
            width = min(self.picture.shape[1], 32)
            left: RenderableType = Pictures(self.picture[np.newaxis], ["input"])
            if width + 4 + 2 * min(maps.shape[2] * zoom, small) + 6 > room:
                yield Group(left, drawn)
            else:
                yield Left(left, drawn, width + 4)
                room -= width + 4
        slot = max(-(-maps.shape[2] // -(-maps.shape[2] // small)) * zoom, 2)
        fit = max(1, (room - 2) // (slot + 2)) * (LINES if self.large else 1)
        if fit < len(maps):
            yield Text(f"  the first {fit} of {len(maps)} channels" + ("" if self.large else " (--layer shows more)"))


@dataclass(frozen=True, eq=False)
class Left:
    """A figure of a fixed width, and another one in the room that is left beside it."""

    left: RenderableType
    right: RenderableType
    width: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Both, their first lines at the same height."""
        one = console.render_lines(self.left, options.update(width=self.width, height=None))
        room = options.update(width=options.max_width - self.width, height=None)
        other = console.render_lines(self.right, room, pad=False)
        for line in range(max(len(one), len(other))):
            yield from one[line] if line < len(one) else [Segment(" " * self.width)]
            yield from other[line] if line < len(other) else []
            yield Segment.line()


def joined(tokens: Sequence[str]) -> str:
    """Letters, or words, as a text in which all can be seen."""
    text = ("" if all(len(token) == 1 for token in tokens) else " ").join(tokens)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
