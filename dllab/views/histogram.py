"""Distributions: bars that stand on an axis, and the same in one line for a cell of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from dllab.views.text import number, percent

BARS, ASCII_BARS = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
ASCII_TOPS = " .:#"  # the top of a bar of several lines: nothing, up to a third, up to two thirds, the whole line
MARGIN = 8  # cells left of the axis
WIDEST, LEAST = 6, 24  # cells of one bar at most, if that gives all of them room for the numbers below
UPRIGHT, DASH = ("│", "|"), ("─", "-")


def sparkline(counts: ArrayLike, width: int, ascii_only: bool = False) -> str:
    """Counts as one line of bars, at most `width` of them; where there are any it is never blank.

    No bar is as high as its line, so that those of a table's rows stand apart.
    """
    bars = ASCII_BARS if ascii_only else BARS[:-1]
    few = _grouped(counts, width)
    top = few.max(initial=0.0)
    return "".join(bars[_level(c, top, len(bars) - 1)] for c in few)


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts (N,) between edges (N + 1,) as bars in `height` lines, the scale below, the tallest bar's share beside.

    unit: of the numbers below. style: of the bars. Neighbours are added together where there is no room for all.
    """

    counts: ArrayLike
    edges: Sequence[float] | NDArray[np.float64]
    title: str = ""
    height: int = 6
    unit: str = ""
    style: str = "#56b4e9"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The title, the bars, the axis, its numbers."""
        ascii_only, room = options.ascii_only, options.max_width - MARGIN - 1
        if self.title:
            yield Text(self.title, "bold")
        counts, edges = np.asarray(self.counts, np.float64).ravel(), np.asarray(self.edges, np.float64)
        if not counts.size or len(edges) < 2 or room < 8:
            yield Text("(empty)")
            return
        few = _grouped(counts, room)
        each = min(max(WIDEST, LEAST // len(few)), room // len(few))
        tops = ASCII_TOPS if ascii_only else BARS
        full, top, total = len(tops) - 1, few.max(), few.sum()
        levels = [_level(c, top, full * self.height) for c in few]
        for line in range(self.height):
            floor = full * (self.height - 1 - line)
            label = percent(float(top / total)) if line == 0 and total else ""
            bars = "".join(tops[min(max(level - floor, 0), full)] * each for level in levels)
            text = Text(f"{label:>{MARGIN - 1}} {UPRIGHT[ascii_only]}", no_wrap=True, overflow="crop")
            text.append(bars.rstrip(), self.style)
            yield text
        yield Text(f"{'':{MARGIN}}{DASH[ascii_only] * (each * len(few) + 1)}", no_wrap=True, overflow="crop")
        yield from self._axis(edges, each * len(few), options.max_width)

    def _axis(self, edges: NDArray[np.float64], width: int, most: int) -> RenderResult:
        """Numbers below the axis: both ends, and 0, or else the middle, between them."""
        low, high = float(edges[0]), float(edges[-1])
        middle = 0.0 if low < 0 < high else low / 2 + high / 2
        line = [" "] * width
        places = [(low, 0.0), (high, 1.0), (middle, (middle - low) / (high - low) if high > low else 0.5)]
        for value, share in places:
            label = number(value, 3)
            if not np.isfinite(share):
                continue
            at = min(
                max(0, round(share * width - len(label) * (0.5 if 0 < share < 1 else share))), max(0, width - len(label))
            )
            around = line[max(0, at - 1) : at + len(label) + 1]
            if set(around) <= {" "}:
                line[at : at + len(label)] = label
        text = f"{'':{MARGIN + 1}}{''.join(line).rstrip()}"
        beside = f"{text} {self.unit}".rstrip()
        yield Text(beside if len(beside) <= most else text, no_wrap=True, overflow="crop")


def _grouped(counts: ArrayLike, most: int) -> NDArray[np.float64]:
    """Counts, as many neighbours added together as it takes to have no more than `most`; what is no count is 0."""
    array = np.maximum(np.nan_to_num(np.asarray(counts, np.float64).ravel(), posinf=0.0, neginf=0.0), 0.0)
    step = -(-array.size // max(1, most))
    return np.add.reduceat(array, np.arange(0, array.size, step)) if step > 1 else array


def _level(count: float, top: float, levels: int) -> int:
    """How high a bar is; one of few is seen."""
    return 0 if not count or not top else max(1, round(levels * count / top))
