"""Line plots in text: Braille dots, or apostrophes and full stops where only ASCII can be shown.

The one place that draws curves; everything else asks for a Plot.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from dllab.views.text import number

DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # bits of a Braille cell, by column and row
MARGIN = 9  # columns of the scale on the left
WORTH_A_LOG = 30.0  # ratio of largest to smallest from which a loss is drawn on a logarithmic scale
DECADES = 12  # that such a scale spans, as a rule; what is smaller, and 0, lies on its lower end
LETTERS = 5  # of a curve that has a mark, as wide as the plot
OFF = 0.08  # of the scale: how far from its middle a round number may be that is told there
CLEAR = 0.25  # of the scale: how far from its ends 0 is told, and a power of ten on a logarithmic one
FINE = 5  # a linear scale begins and ends at a multiple of a fifth of the power of ten below its length


@dataclass(frozen=True)
class Series:
    """One curve. `dotted`: drawn with gaps, so that two curves are told apart without colour. `points`: not joined.

    `mark`: a letter that stands on the curve here and there and at its end, so that many are told apart.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    style: str = ""
    dotted: bool = False
    points: bool = False
    mark: str = ""


@dataclass(frozen=True)
class Plot:
    """Curves over a common axis, in `height` lines of text as wide as there is room.

    `end` is where the x axis ends (None: at the last point). `log`: "auto" takes a logarithmic scale where no value is
    negative and they are far apart. Scales begin and end at round numbers, so that they stay as they are for a while
    when points are added; `top` is a value that the scale ends at if it is not exceeded. `start`: where the x axis begins,
    if not at 0 or below. `log_x`: x are logarithms to base ten, and the axis has the powers. `marks`: letters below the
    axis, and their x; of two in one place the later. `holds`: values that the scale has room for, besides those of the
    curves. `roomy`: a legend that does not fit beside the title takes lines of its own, beyond `height`. `decades`: that a
    logarithmic scale spans at most.
    """

    title: str
    series: tuple[Series, ...]
    height: int
    end: float | None = None
    unit: str = "epoch"
    log: bool | str = False
    top: float | None = None
    start: float | None = None
    log_x: bool = False
    marks: Mapping[str, float] = field(default_factory=dict)
    holds: Sequence[float] = ()
    roomy: bool = False
    decades: int = DECADES

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A title line with the legend, the curves with their scale, a line with the x axis."""
        width, height = options.max_width - MARGIN - 1, self.height - 2
        if width < 8 or height < 1:
            return
        ascii_only = options.ascii_only
        logarithmic = self._logarithmic()
        yield from self._legend(logarithmic, ascii_only, options.max_width)
        low, high = self._range(logarithmic)
        first, last = self._span()
        grid = _Grid(width, height, *((1, 2) if ascii_only else (2, 4)), [curve.mark for curve in self.series])
        for index, curve in enumerate(self.series):
            points = [
                ((x - first) / (last - first), (_scaled(y, logarithmic, low) - low) / (high - low))
                for x, y in zip(curve.x, curve.y)
                if _drawable(y)
            ]
            grid.curve(points, index, curve.dotted, not curve.points)
        grid.put_marks()
        ticks = _ticks(low, high, height, logarithmic)
        for row in range(height):
            label = _tick(ticks[row], logarithmic) if row in ticks else ""
            line = Text(f"{label:>{MARGIN - 2}} {'|' if ascii_only else '│'}", no_wrap=True)
            for index, run in groupby(grid.cells(row, ascii_only), key=lambda cell: cell[1]):
                characters = "".join(character for character, _ in run)
                line.append(characters, self.series[index].style if index is not None else "")
            line.rstrip()
            yield line
        if self.marks:
            yield self._marked(first, last, width)
        if self.log_x:
            yield self._decades(first, last, width)
            return
        left, right = _end(first), f"{self.unit} {_end(last)}"
        yield Text(f"{'':{MARGIN}}{left}{right:>{max(1, width - len(left))}}", no_wrap=True)

    def _marked(self, first: float, last: float, width: int) -> Text:
        """The marks, each below its place."""
        line = [" "] * width
        for sign, x in self.marks.items():
            if first <= x <= last:
                line[round((x - first) / (last - first) * (width - 1))] = sign
        return Text(f"{'':{MARGIN}}{''.join(line)}".rstrip(), "bold", no_wrap=True)

    def _decades(self, first: float, last: float, width: int) -> Text:
        """Powers of ten below their places, as many as there is room for, and what they are."""
        line = [" "] * width
        for power in range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1):
            label = f"{10.0**power:g}"
            at = min(round((power - first) / (last - first) * (width - 1)), width - len(label))
            if set(line[max(at - 1, 0) : at + len(label) + 1]) == {" "}:
                line[at : at + len(label)] = label
        return Text(f"{self.unit:>{MARGIN - 2}}  {''.join(line)}".rstrip(), no_wrap=True)

    def _legend(self, logarithmic: bool, ascii_only: bool, width: int) -> Iterator[Text]:
        """The title and what each curve is; in the form with the most room that fits."""
        forms = [(MARGIN, 3, 2, 99), (2, 3, 2, 99), (0, 1, 1, 99), *([] if self.roomy else [(0, 1, 1, 5)])]
        for indent, marker, gap, letters in forms:
            line = Text(" " * indent, no_wrap=True, overflow="crop")
            line.append(self.title, "bold").append(" (log)" if logarithmic else "")
            for index, curve in enumerate(self.series):
                if curve.label:
                    line.append(" " * gap).append(_marker(curve, index, ascii_only)[:marker], curve.style)
                    line.append(f" {curve.label[:letters]}")
            if line.cell_len <= width:
                break
        if line.cell_len <= width or not self.roomy:
            yield line
            return
        yield Text(f"{'':{MARGIN}}{self.title}{' (log)' if logarithmic else ''}"[:width], "bold", no_wrap=True)
        line = Text(no_wrap=True, overflow="crop")
        for index, curve in enumerate(self.series):
            entry = Text.assemble((_marker(curve, index, ascii_only), curve.style), f" {curve.label}")
            if line and line.cell_len + 2 + entry.cell_len > width:
                yield line
                line = Text(no_wrap=True, overflow="crop")
            line.append("  " if line else "").append_text(entry)
        yield line

    def _values(self) -> list[float]:
        return [y for ys in (*(curve.y for curve in self.series), self.holds) for y in ys if _drawable(y)]

    def _logarithmic(self) -> bool:
        values = self._values()
        positive = [y for y in values if y > 0]
        if not positive or min(values) < 0 or not self.log:
            return False
        return self.log != "auto" or max(positive) > WORTH_A_LOG * min(positive)

    def _range(self, logarithmic: bool) -> tuple[float, float]:
        """Where the scale begins and ends, in powers of ten if it is logarithmic."""
        values = [y for y in self._values() if y > 0 or not logarithmic]
        if not values:
            return 0.0, self.top or 1.0
        low, high = min(values), max(values)
        if logarithmic:
            upper = _round_log(high, up=True)
            return min(max(_round_log(low, up=False), upper - self.decades), upper - math.log10(2)), upper
        ceiling = math.inf if self.top is None or high > self.top else self.top
        high = high if self.top is None else max(high, self.top)
        if high - low < 1e-12 * max(1.0, abs(high)):
            pad = 0.5 * abs(high) or 0.5
            return low - pad, min(high + pad, ceiling)
        step = 10.0 ** math.floor(math.log10(high - low)) / FINE
        return math.floor(low / step + 1e-9) * step, min(math.ceil(high / step - 1e-9) * step, ceiling)

    def _span(self) -> tuple[float, float]:
        xs = [x for curve in self.series for x in curve.x]
        first = min(0.0 if self.start is None else self.start, min(xs, default=0.0))
        last = max([*xs, *([self.end] if self.end is not None else [])], default=1.0)
        return first, last if last > first else first + 1


class _Grid:
    """Dots in cells; each cell remembers the curve that was drawn there last. `marks`: a letter for each, or none."""

    def __init__(self, width: int, height: int, across: int, down: int, marks: Sequence[str] = ()) -> None:
        self.width, self.height, self.across, self.down, self.marks = width, height, across, down, marks
        self.dots: dict[tuple[int, int], int] = {}  # (cell column, cell row) to bits
        self.owner: dict[tuple[int, int], int] = {}
        self.letters: dict[tuple[int, int], int] = {}
        self.ways: dict[int, list[tuple[int, int]]] = {}  # the cells of each curve, from left to right

    def curve(self, points: Sequence[tuple[float, float]], index: int, dotted: bool, joined: bool = True) -> None:
        """Points, joined or not, given as shares of the width and height (0, 0 is the lower left)."""
        last_x, last_y = self.width * self.across - 1, self.height * self.down - 1
        places = [(round(x * last_x), round((1 - y) * last_y)) for x, y in points if x <= 1]
        for number_, (x, y) in enumerate(_joined(places) if joined else places):
            if not dotted or number_ % 4 < 2:
                self._dot(x, min(max(y, 0), last_y), index)

    def cells(self, row: int, ascii_only: bool) -> Iterator[tuple[str, int | None]]:
        """The characters of one line, each with its curve."""
        for column in range(self.width):
            bits, index = self.dots.get((column, row), 0), self.owner.get((column, row))
            letter = self.letters.get((column, row), index if ascii_only else None)
            if letter is not None and self.marks[letter]:
                yield self.marks[letter], letter
            elif not bits:
                yield " ", None
            elif ascii_only:
                yield ("o" if index else "'.:"[{0x01: 0, 0x02: 1}.get(bits, 2)]), index
            else:
                yield chr(0x2800 + bits), index

    def put_marks(self) -> None:
        """Letters at the ends of curves and a few on the way, each on a cell of its own; a single point comes first."""
        for index, way in sorted(self.ways.items(), key=lambda item: len(item[1]) > 1):
            if not self.marks[index]:
                continue
            self._put(index, way[::-1])
            apart = max(self.width // LETTERS, 1)
            first = apart * (2 * index + 1) // (2 * len(self.marks))
            for column in range(first, way[-1][0] - 2, apart):
                self._put(index, [cell for cell in way if cell[0] == column])

    def _put(self, index: int, cells: Sequence[tuple[int, int]]) -> None:
        """The letter of a curve on the first of these cells that has none."""
        free = next((cell for cell in cells if cell not in self.letters), None)
        if free is not None:
            self.letters[free] = index

    def _dot(self, x: int, y: int, index: int) -> None:
        cell = (x // self.across, y // self.down)
        self.ways.setdefault(index, []).append(cell)
        self.dots[cell] = self.dots.get(cell, 0) | DOTS[x % self.across][y % self.down]
        self.owner[cell] = index


def _ticks(low: float, high: float, height: int, logarithmic: bool) -> dict[int, float]:
    """Lines with what they stand for: both ends, and where there is room a round number that lies close to the middle.

    What is roundest comes first where it keeps clear of the ends: 0, and on a logarithmic scale a power of ten.
    """
    ticks = {height - 1: low, 0: high}
    if height >= 5:
        least, most = low + CLEAR * (high - low), high - CLEAR * (high - low)
        middle, near = (low + high) / 2, OFF * (high - low)
        exact = 10**middle if logarithmic else middle
        rounds = [float(f"{exact:.{digits}e}") for digits in range(3)]
        places = [math.log10(value) if logarithmic else value for value in rounds]
        at = next((place for place in places if abs(place - middle) <= near), middle)
        roundest = round(middle) if logarithmic else 0.0
        at = roundest if least <= roundest <= most else at
        ticks[round((high - at) / (high - low) * (height - 1))] = at
    return {row: 10**at if logarithmic else at for row, at in ticks.items()}


def _end(value: float) -> str:
    """A number at an end of the x axis: steps in full, others to four digits."""
    return f"{value:,.9g}" if value == round(value) and abs(value) < 1e9 else number(value)


def _round_log(value: float, up: bool) -> float:
    """The logarithm of the next 1, 2 or 5 times a power of ten."""
    exact = math.log10(value)
    rounds = [math.floor(exact + 1e-9) + math.log10(mantissa) for mantissa in (1, 2, 5, 10)]
    return min(r for r in rounds if r >= exact - 1e-9) if up else max(r for r in rounds if r <= exact + 1e-9)


def _joined(places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Every dot on the straight lines from place to place."""
    yield from places[:1]
    for (x0, y0), (x1, y1) in pairwise(places):
        steps = max(abs(x1 - x0), abs(y1 - y0))
        for i in range(1, steps + 1):
            yield round(x0 + (x1 - x0) * i / steps), round(y0 + (y1 - y0) * i / steps)


def _marker(curve: Series, index: int, ascii_only: bool) -> str:
    """How a curve is drawn, in three characters, or its mark."""
    if curve.mark:
        return curve.mark
    if ascii_only:
        return "ooo" if index else "---"
    return "· ·" if curve.points else "╺ ╺" if curve.dotted else "━━━"


def _drawable(y: float) -> bool:
    return abs(y) < 1e300  # neither NaN nor so large that a difference of two is infinite


def _tick(value: float, logarithmic: bool) -> str:
    """A number that fits the margin. On a linear scale what is next to nothing is 0, but for rounding."""
    text = number(value if logarithmic or abs(value) > 1e-15 else 0.0, 3)
    text = text if len(text) <= MARGIN - 2 else f"{value:.1e}".replace(".0e", "e")
    return text if len(text) <= MARGIN - 2 else text.replace("e+", "e")


def _scaled(y: float, logarithmic: bool, low: float) -> float:
    if not logarithmic:
        return y
    return max(math.log10(y), low) if y > 0 else low
