"""A surface over a plane as a picture: colours with contour marks, or a shade for each level; and marks on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from dllab.views import colours
from dllab.views.scale import INFINITE, NAN
from dllab.views.text import number

MARGIN = 9  # cells of the scale on the left
WIDEST, TALLEST, FLATTEST = 120, 32, 10  # cells of the picture
SHADES, ASCII_SHADES = " ░▒▓█", " .+#@"
LEVELS = len(SHADES)
CONTOUR = ("·", ".")
WORTH_A_LOG = 30.0  # ratio of largest to smallest from which levels are far apart
DECADES = 8  # that they span at most: what is lower lies in the lowest
MOST, BEYOND = 0.9, 2.0  # levels end at this many times what so large a share of the heights spans: a corner is not all

Cell = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Surface:
    """Heights (N, M) over x (M,) across and y (N,) up, the lowest y first; between the points they are interpolated.

    marks: characters to the points (x, y) where they stand, the last one on top. name, unit_x, unit_y: what the heights
    and the axes are. What is no number is marked as in a heat map.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    heights: NDArray[np.float64]
    name: str = "loss"
    unit_x: str = ""
    unit_y: str = ""
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def logarithmic(self) -> bool:
        """Whether the levels are those of a logarithm."""
        found = self.heights[np.isfinite(self.heights)]
        return bool(found.size and found.min() >= 0 and found.max() > WORTH_A_LOG * found.min())

    @property
    def bounds(self) -> NDArray[np.float64]:
        """The upper ends of the levels, (LEVELS,)."""
        low, high = self._ends()
        ends = low + (high - low) * np.arange(1, LEVELS + 1) / LEVELS
        return np.power(10.0, ends) if self.logarithmic else ends

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A line with the name of the axis up, the picture with its frame, the axis across, the levels."""
        width = min(options.max_width - MARGIN, WIDEST)
        if width < 8:
            return
        height = min(max(round(width * 0.26), FLATTEST), TALLEST)
        colour, ascii_only = colours.coloured(console, options), options.ascii_only
        bar, corner, dash = ("|", "+", "-") if ascii_only else ("│", "└", "─")
        yield Text(f"{self.unit_y:>{MARGIN - 2}} {'^' if ascii_only else '↑'}", no_wrap=True, overflow="crop")
        for row, cells in enumerate(self._lines(width, height, colour, colours.few(console), ascii_only)):
            label = self._label(row, height)
            line = Text(f"{label:>{MARGIN - 2}} {bar}", no_wrap=True, overflow="crop")
            for style, run in groupby(cells, key=lambda cell: cell[1]):
                line.append("".join(sign for sign, _ in run), style)
            if not colour:
                line.rstrip()
            yield line
        yield Text(f"{'':{MARGIN - 1}}{corner}{dash * width}", no_wrap=True, overflow="crop")
        yield self._across(width, ascii_only)
        yield self._legend(colour, colours.few(console), ascii_only)

    def _ends(self) -> tuple[float, float]:
        """Of the scale, of the logarithm where that is it."""
        found = self.heights[np.isfinite(self.heights)]
        if not found.size:
            return 0.0, 1.0
        if self.logarithmic:
            found = np.log10(found[found > 0])
        low, high, most = (float(end) for end in (found.min(), found.max(), np.quantile(found, MOST)))
        if most > low:
            high = min(high, low + BEYOND * (most - low))
        return max(low, high - DECADES) if self.logarithmic else low, high

    def _shares(self, columns: int, rows: int) -> NDArray[np.float64]:
        """Where on the scale each of so many pixels lies, (rows, columns), the highest y first; NaN and inf as they are."""
        low, high = self._ends()
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.log10(self.heights) if self.logarithmic else self.heights
            shares = (scaled - low) / (high - low if high > low else 1.0)
        shares = np.where(np.isfinite(self.heights), np.clip(shares, 0.0, 1.0), self.heights)
        fine = _between(_between(shares, columns, 1), rows, 0)
        return fine[::-1]

    def _lines(self, width: int, height: int, colour: bool, few: bool, ascii_only: bool) -> Iterator[list[Cell]]:
        pixels = self._shares(width, 2 * height)
        means = (pixels[::2] + pixels[1::2]) / 2
        levels = np.where(
            np.isfinite(means), np.minimum(np.nan_to_num(means, posinf=0, neginf=0) * LEVELS, LEVELS - 1), -1
        ).astype(int)
        marked = self._marked(width, height)
        for row in range(height):
            cells = []
            for column in range(width):
                share, mark = means[row, column], marked.get((row, column), "")
                sign = mark or (NAN if np.isnan(share) else INFINITE if np.isinf(share) else "")
                if not colour:
                    cells.append((sign or (ASCII_SHADES if ascii_only else SHADES)[levels[row, column]], ""))
                    continue
                if not np.isfinite(share):
                    cells.append((sign, ""))
                    continue
                if not sign and not _at_edge(levels, row, column):
                    upper, lower = (colours.amount(float(p), few) for p in pixels[2 * row : 2 * row + 2, column])
                    cells.append(("▀", f"{upper} on {lower}"))
                    continue
                ground = colours.amount(float(share), few)
                style = f"{'bold ' if mark else ''}{colours.contrast(ground)} on {ground}"
                cells.append((sign or CONTOUR[ascii_only], style))
            yield cells

    def _marked(self, width: int, height: int) -> dict[tuple[int, int], str]:
        """The cells, by row and column, that a mark stands in."""
        found = {}
        for sign, (x, y) in self.marks.items():
            across, up = _share(x, self.x), _share(y, self.y)
            if 0 <= across <= 1 and 0 <= up <= 1:
                found[min(int((1 - up) * height), height - 1), min(int(across * width), width - 1)] = sign
        return found

    def _label(self, row: int, height: int) -> str:
        """What stands beside a line: both ends of the axis, and 0."""
        if row in (0, height - 1):
            return number(float(self.y[-1] if row == 0 else self.y[0]), 2)
        zero = _share(0.0, self.y)
        at = min(int((1 - zero) * height), height - 1) if 0 <= zero <= 1 else -1
        return "0" if row == at else ""

    def _across(self, width: int, ascii_only: bool) -> Text:
        """The numbers below: both ends, and 0; then what they are."""
        line = [" "] * width
        right = number(float(self.x[-1]), 2)
        for label, at in ((number(float(self.x[0]), 2), 0), (right, width - len(right))):
            line[at : at + len(label)] = label
        zero = min(int(_share(0.0, self.x) * width), width - 1)
        if 0 < zero < width - 1 and set(line[max(0, zero - 1) : zero + 2]) == {" "}:
            line[zero] = "0"
        unit = f"{self.unit_x} {'>' if ascii_only else '→'}"
        middle = (width - len(unit)) // 2
        for at in (middle, zero + 3, zero - len(unit) - 3):
            if self.unit_x and at > 0 and set(line[at - 1 : at + len(unit) + 1]) == {" "}:
                line[at : at + len(unit)] = unit
                break
        return Text(" " * MARGIN + "".join(line).rstrip(), no_wrap=True, overflow="crop")

    def _legend(self, colour: bool, few: bool, ascii_only: bool) -> Text:
        """Each level with the height it reaches up to."""
        some = np.isfinite(self.heights).any()
        line = Text(f"{self.name}{' (log)' if self.logarithmic else ''}{' up to:' if some else ' no number anywhere'}")
        for level, bound in enumerate(self.bounds if some else ()):
            shade = colours.amount((level + 0.5) / LEVELS, few)
            line.append("  ")
            if colour:
                line.append("▀▀▀", f"{shade} on {shade}")
            else:
                line.append(f"[{(ASCII_SHADES if ascii_only else SHADES)[level]}]")
            last = level == LEVELS - 1 and bound < np.nanmax(self.heights[np.isfinite(self.heights)]) * (1 - 1e-9)
            line.append(" more" if last else f" {number(float(bound), 2)}")
        if colour:
            line.append(f"; {CONTOUR[ascii_only]} border")
        for sign, what, found in ((NAN, "nan", np.isnan), (INFINITE, "infinite", np.isinf)):
            if found(self.heights).any():
                line.append(f"; {sign} = {what}")
        return line


def _share(value: float, axis: NDArray[np.float64]) -> float:
    return float((value - axis[0]) / (axis[-1] - axis[0])) if axis[-1] > axis[0] else 0.5


def _at_edge(levels: NDArray[np.int64], row: int, column: int) -> bool:
    """Whether the cell to the right or below is of another level."""
    here = levels[row, column]
    right = column + 1 < levels.shape[1] and levels[row, column + 1] != here
    return bool(right or (row + 1 < levels.shape[0] and levels[row + 1, column] != here))


def _between(values: NDArray[np.float64], count: int, axis: int) -> NDArray[np.float64]:
    """Values at so many evenly spaced places along an axis, on straight lines between those there are."""
    size = values.shape[axis]
    places = (np.arange(count) + 0.5) / count * (size - 1)
    first = np.minimum(places.astype(int), max(size - 2, 0))
    share = np.expand_dims(places - first, 1 - axis)
    low, high = np.take(values, first, axis), np.take(values, np.minimum(first + 1, size - 1), axis)
    nearest = np.where(share < 0.5, low, high)
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = np.where(np.isfinite(low) & np.isfinite(high), low + (high - low) * share, nearest)
    return found
