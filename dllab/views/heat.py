"""Matrices as heat maps, with labels at the edges and a line that says which colour or character is which number."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

from dllab.views.colours import coloured, contrast, few
from dllab.views.labels import above, cut, path_ends, right, shown
from dllab.views.scale import INFINITE, NAN, Scale
from dllab.views.text import number

WIDE, WIDER = 6, 10  # cells of a column that is widened to fill the line, and of one that needs it for what stands there
PIXEL = 4  # cells of a column at most where a line is two rows
LABEL = 16  # cells of a row's label at most


@dataclass(frozen=True, eq=False)
class HeatMap:
    """A matrix (R, C), one row a line; with `dense`, and no labels at its rows, two rows a line by half blocks.

    low, high: ends of the scale (None: those of the values); signed: blue below 0, orange above. cell: width of a column
    (0: as there is room). numbers: written into the cells where all of them fit, to so many `digits`. More columns than
    there is room for, and rows than `most_rows`, are averaged in groups, which the legend says by their units ("steps").
    texts: what is written into the cells in place of the numbers. paths: the rows are those of layers.
    """

    values: NDArray[Any]
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    low: float | None = None
    high: float | None = None
    signed: bool = False
    title: str = ""
    unit: str = ""
    cell: int = 0
    numbers: bool = False
    digits: int = 2
    dense: bool = False
    most_rows: int = 40
    row_unit: str = "rows"
    column_unit: str = "columns"
    legend: bool = True
    texts: Sequence[Sequence[str]] = ()
    paths: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The title, the labels of the columns, the rows, the legend; never wider than there is room."""
        values = np.asarray(self.values, np.float64)
        if self.title:
            yield Text(self.title, "bold")
        if values.ndim != 2 or not values.size:
            yield Text("(empty)")
            return
        scale = Scale.of(values, self.low, self.high, self.signed, few(console))
        lay = _Layout.of(self, options)
        small = _mean(_mean(values, lay.rows, 0), lay.columns, 1)
        for header in lay.above:
            yield Text(" " * lay.margin + header.rstrip(), no_wrap=True, overflow="crop")
        colour = coloured(console, options)
        per_line = 2 if self._halves() else 1
        for first in range(0, len(small), per_line):
            beside = lay.labels[first] if first < len(lay.labels) else ""
            line = Text(right(beside, lay.margin - 1) + " " if lay.margin else "", no_wrap=True, overflow="crop")
            pair = small[first : first + per_line]
            texts = self.texts[first] if self.texts and lay.numbers else ()
            _append(line, self._pairs(scale, pair, lay, colour, options) if per_line == 2 else
                    self._cells(scale, pair[0], lay, colour, options, texts))  # fmt: skip
            if not colour:
                line.rstrip()
            yield line
        if self.legend:
            yield from self._legend(scale, lay, colour, options)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """As wide as it is if it has all the room."""
        lines = console.render_lines(self, options, pad=False)
        width = max((sum(cell_len(segment.text) for segment in line) for line in lines), default=0)
        if self.values.ndim == 2 and self.values.size:
            lay = _Layout.of(self, options)
            width = max(width, lay.margin + lay.cell * -(-self.values.shape[1] // lay.columns))
        return Measurement(min(width, 12), width)

    def _halves(self) -> bool:
        return self.dense and not self.rows

    def _cells(
        self,
        scale: Scale,
        row: NDArray[Any],
        lay: _Layout,
        colour: bool,
        options: ConsoleOptions,
        texts: Sequence[str] = (),
    ) -> Iterable[tuple[str, str]]:
        """The cells of a row, each with its style; `texts`: in place of numbers."""
        for place, (value, share) in enumerate(zip(row, scale.shares(row))):
            mark = _mark(value)
            text = texts[place] if texts else _figure(value, self.digits) if lay.numbers else ""
            if mark:
                yield f"{text or mark:^{lay.cell}}", ""
            elif colour:
                shade = scale.colour(share)
                yield f"{text:^{lay.cell}}", f"{contrast(shade)} on {shade}" if text else f"on {shade}"
            else:
                yield f"{text:^{lay.cell}}" if text else scale.shade(share, options.ascii_only) * lay.cell, ""

    def _pairs(
        self, scale: Scale, pair: NDArray[Any], lay: _Layout, colour: bool, options: ConsoleOptions
    ) -> Iterable[tuple[str, str]]:
        """The cells of one or two rows: half blocks, or the shade of their mean."""
        if not colour:
            yield from self._cells(scale, _mean(pair, 2, 0)[0], lay, colour, options)
            return
        shares = scale.shares(pair)
        for column in range(pair.shape[1]):
            mark = next(filter(None, map(_mark, pair[:, column])), "")
            if mark:
                yield mark * lay.cell, ""
            else:
                below = f" on {scale.colour(shares[1, column])}" if len(pair) > 1 else ""
                yield "▀" * lay.cell, scale.colour(shares[0, column]) + below

    def _legend(self, scale: Scale, lay: _Layout, colour: bool, options: ConsoleOptions) -> Iterable[Text]:
        """The scale, and what was averaged or is no number; in two lines if one is too short."""
        notes = []
        if lay.columns > 1:
            notes.append(f"each column: {lay.columns} {self.column_unit}")
        lines = lay.rows * (2 if self._halves() and not colour else 1)
        if lines > 1:
            notes.append(f"each {'row' if self._halves() and colour else 'line'}: {lines} {self.row_unit}")
        values = np.asarray(self.values, np.float64)
        notes += [f"{NAN} = nan"] if np.isnan(values).any() else []
        notes += [f"{INFINITE} = infinite"] if np.isinf(values).any() else []
        line = Text(" " * lay.margin)
        if np.isfinite(values).any() and (colour or not lay.numbers):
            line.append_text(scale.legend(colour, options.ascii_only, self.unit))
        said = "; ".join(notes)
        if said and line.cell_len > lay.margin and line.cell_len + 2 + len(said) > options.max_width:
            yield line
            yield Text(said)
        else:
            line.append(("; " if line.cell_len > lay.margin else "") + said if said else "")
            yield from [line] if line.plain.strip() else []


@dataclass(frozen=True)
class _Layout:
    """How a matrix is laid out: widths, how many rows and columns are averaged into one, the labels that remain."""

    margin: int
    cell: int
    rows: int
    columns: int
    numbers: bool
    labels: list[str]
    above: list[str]

    @classmethod
    def of(cls, heat: HeatMap, options: ConsoleOptions) -> _Layout:
        """The layout with the widest cells that are of use."""
        ascii_only, count = options.ascii_only, heat.values.shape[1]
        rows = -(-heat.values.shape[0] // max(1, heat.most_rows))
        labels = row_labels(heat.rows, heat.paths, options)[::rows]
        margin = max(map(cell_len, labels)) + 1 if labels else 0
        names = [shown(label, ascii_only) for label in heat.columns][:count]
        room = max(1, options.max_width - margin)
        letters = [cell_len(letter) for name in names for letter in name]
        least = min(max(heat.cell, max(letters, default=1), 1), room)  # a wide character needs two cells
        columns = -(-count // (room // least))
        shown_columns = -(-count // columns)
        figures = (heat.numbers or bool(heat.texts)) and rows == columns == 1
        longest = _longest(heat) if figures else 0
        cell = least if heat.cell else max(least, min(room // shown_columns, _wish(heat, names, longest)))
        figures = figures and longest <= cell
        return cls(margin, cell, rows, columns, figures, labels, above(names[::columns], cell, columns == 1, ascii_only))


def row_labels(rows: Sequence[str], paths: bool, options: ConsoleOptions) -> list[str]:
    """The labels of rows as they fit, those of layers by their ends."""
    names = [shown(label, options.ascii_only) for label in rows]
    if paths:
        return path_ends(names, max(LABEL, options.max_width * 2 // 5), options.ascii_only)
    return [cut(name, max(1, min(LABEL, options.max_width // 3)), options.ascii_only) for name in names]


def _longest(heat: HeatMap) -> int:
    """The width that what stands in the cells needs, with a gap but for single signs."""
    if heat.texts:
        longest = max((len(text) for row in heat.texts for text in row), default=0)
        return longest + (longest > 1)
    return max((len(_figure(v, heat.digits)) for v in heat.values.flat), default=0) + 1


def _wish(heat: HeatMap, names: Sequence[str], longest: int) -> int:
    """The widest cell that is of use."""
    if heat.dense and not heat.rows:
        return PIXEL
    return max(WIDE, min(WIDER, max(map(cell_len, names), default=0) + 1), longest)


def _append(line: Text, cells: Iterable[tuple[str, str]]) -> None:
    for style, run in groupby(cells, key=lambda cell: cell[1]):
        line.append("".join(text for text, _ in run), style)


def _mark(value: float) -> str:
    """What stands for a value that has no place on the scale."""
    return NAN if np.isnan(value) else INFINITE if np.isinf(value) else ""


def _figure(value: float, digits: int) -> str:
    """A number in a cell: whole ones in full, 0.25 as .25 is not."""
    if np.isfinite(value) and value == round(value) and abs(value) < 1e6:
        return str(round(value))
    return number(float(value), digits)


def _mean(values: NDArray[Any], step: int, axis: int) -> NDArray[Any]:
    """Means of `step` neighbours along an axis, the last of what is left; what is no number is passed over."""
    if step == 1:
        return values
    groups = [
        np.take(values, range(i, min(i + step, values.shape[axis])), axis) for i in range(0, values.shape[axis], step)
    ]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # of a group without any number
        return np.stack([np.nanmean(group, axis) for group in groups], axis)
