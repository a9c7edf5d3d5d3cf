"""The pictures of lessons: each kind of dllab/lessons/pictures.py drawn, with a guess where one was made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

import dllab
from dllab.lab.plane_map import PlaneMap
from dllab.lessons import pictures
from dllab.views import histogram
from dllab.views.beside import Beside
from dllab.views.curves import Plot, Series
from dllab.views.data_pictures import PALETTE
from dllab.views.heat import HeatMap
from dllab.views.pixels import Pictures
from dllab.views.plane_map import Framed
from dllab.views.surface import Surface, Trail
from dllab.views.text import written

MARKS = "abcdefghijklmnopqrstuvwxyz"
BARE = 2
"""So many curves are told apart by how they are drawn (whole, dotted); more of them have letters."""
LINES = 12
YOU = "#d55e00"
EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
BEYOND = 0.6
"""How far from the curves a guess is drawn at most, as a share of the height that they take."""
LONGEST = 1.5
"""How long the bar of a guess is at most, in the longest of the others."""
PACKAGE = Path(dllab.__file__).parent


def drawn(picture: Any, you: float | None = None) -> RenderableType:
    """A picture; `you`: the guess that was made, for those that say where it is drawn."""
    if isinstance(picture, pictures.Lines | pictures.Bars) and picture.you:
        return _lines(picture, you) if isinstance(picture, pictures.Lines) else _bars(picture, you)
    return drawing(picture)


@singledispatch
def drawing(picture: Any) -> RenderableType:
    """A picture of a kind that is known here, or one that draws itself."""
    found: RenderableType = picture
    return found


@drawing.register
def _(picture: pictures.Lines) -> RenderableType:
    return _lines(picture, None)


@drawing.register
def _(picture: pictures.Bars) -> RenderableType:
    return _bars(picture, None)


@drawing.register
def _(picture: pictures.Heat) -> RenderableType:
    return HeatMap(np.asarray(picture.values, np.float64), picture.rows, picture.columns, signed=picture.signed,
                   numbers=picture.numbers, title=picture.title, unit=picture.unit)  # fmt: skip


@drawing.register
def _(picture: pictures.Images) -> RenderableType:
    images = Pictures(np.asarray(picture.images), picture.names, picture.captions, signed=picture.signed,
                      per_image_scale=picture.own, zoom=picture.zoom, legend=picture.signed)  # fmt: skip
    return Group(Text(picture.title, "bold"), images)


@drawing.register
def _(picture: pictures.Histogram) -> RenderableType:
    values = np.asarray(picture.values, np.float64).ravel()
    values = values[np.isfinite(values)]
    low = float(values.min(initial=np.inf)) if picture.low is None else picture.low
    high = float(values.max(initial=-np.inf)) if picture.high is None else picture.high
    counts, edges = np.histogram(values, picture.bins, (low, high) if low < high else None)
    return histogram.Histogram(counts, edges, picture.title, unit=picture.unit)


@drawing.register
def _(picture: pictures.Titled) -> RenderableType:
    return Group(Text(picture.title, "bold"), drawing(picture.picture))


@drawing.register
def _(picture: pictures.Grid) -> RenderableType:
    return Beside([drawing(one) for one in picture.pictures], picture.least)


@drawing.register
def _(picture: PlaneMap) -> RenderableType:
    return Framed(picture, LINES + 4)


@drawing.register
def _(picture: pictures.Paths) -> RenderableType:
    styles = {name: PALETTE[place % len(PALETTE)] for place, name in enumerate(picture.paths)}
    trails = [Trail(MARKS[place], styles[name], np.asarray(places, np.float64))
              for place, (name, places) in enumerate(picture.paths.items())]  # fmt: skip
    x, y, heights = np.asarray(picture.x), np.asarray(picture.y), np.asarray(picture.heights)
    surface = Surface(x, y, heights, picture.name, picture.unit_x,
                      picture.unit_y, picture.marks, trails, LINES)  # fmt: skip
    legend = Text("  ".join(f"{MARKS[place]} {name}" for place, name in enumerate(picture.paths)))
    return Group(Text(picture.title, "bold"), legend, surface) if trails else Group(Text(picture.title, "bold"), surface)


@drawing.register
def _(picture: pictures.Table) -> RenderableType:
    numeric = [_numeric([row[place] for row in picture.rows]) for place in range(len(picture.columns))]
    table = Table.grid(padding=(0, 2), pad_edge=False)
    for right in numeric:
        table.add_column(justify="right" if right else "left", overflow="fold")
    table.add_row(*(Text(name, "bold") for name in picture.columns))
    for row in picture.rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    return Group(Text(picture.title, "bold"), table) if picture.title else table


@drawing.register
def _(picture: pictures.Trace) -> RenderableType:
    file, said = picture.code
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    table.add_row("formula", Text(picture.formula))
    table.add_row("code", Text(f"{said}    (dllab/{file}:{line_of(file, said)})"))
    table.add_row("number", Text(picture.number))
    table.add_row("picture", Text(picture.picture))
    return Group(Text(f"{picture.quantity}, four ways", "bold"), table)


def line_of(file: str, said: str) -> int:
    """The number of the line of a file of the lab that holds a piece of code. Raises ValueError where none does."""
    for place, line in enumerate((PACKAGE / file).read_text(encoding="utf-8").splitlines(), 1):
        if said in line:
            return place
    raise ValueError(f"dllab/{file} has no line with {said!r}")


def _lines(picture: pictures.Lines, you: float | None) -> RenderableType:
    curves = []
    marked = len(picture.curves) > BARE
    for place, (name, (x, y)) in enumerate(picture.curves.items()):
        xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
        xs = np.log10(xs) if picture.log_x else xs
        curves.append(Series(
            name, xs.tolist(), ys.tolist(), PALETTE[place % len(PALETTE)], dotted=place % 2 > 0 and not marked,
            points=name in picture.points, mark=MARKS[place] if marked else "",
        ))  # fmt: skip
    others = np.asarray(picture.with_x, np.float64)
    others = np.log10(others) if picture.log_x else others
    every = [x for x in (*(x for curve in curves for x in curve.x), *others.tolist()) if math.isfinite(x)] or [0.0, 1.0]
    marks = {sign: _place(x, picture.log_x) for sign, x in picture.marks.items()}
    said = ""
    if you is not None and picture.you == "y":
        height, where = _within(you, [y for curve in curves for y in curve.y], picture.log)
        side = {-1: " (further down)", 1: " (further up)", 0: ""}[where]
        where_x = [min(every), max(every)] if picture.you_at is None else [_place(picture.you_at, picture.log_x)]
        curves.append(Series(f"you said{side}", where_x, [height] * len(where_x), YOU, dotted=True, mark="?"))
    if you is not None and picture.you == "x" and (you > 0 or not picture.log_x):
        at = _place(you, picture.log_x)
        marks["?"] = min(max(at, min(every)), max(every))
        said = "?: what you said" + (", further left" if at < min(every) else ", further right" if at > max(every) else "")
    plot = Plot(picture.y, tuple(curves), picture.height, unit=picture.x, log=picture.log, log_x=picture.log_x,
                start=min(every), end=max(every), marks=marks, holds=list(picture.with_y), roomy=True,
                decades=picture.decades)  # fmt: skip
    return Group(Text(picture.title, "bold"), plot, *([Text(said)] if said else []))


def _place(x: float, log: bool) -> float:
    """Where a number stands on the x axis."""
    return math.log10(x) if log else x


def _within(you: float, values: Sequence[float], log: bool) -> tuple[float, int]:
    """A guess as high as there is room for it beside the curves, and whether it is lower (-1) or higher (1) than that.

    A scale that held every guess would leave no room for what was measured.
    """
    known = [math.log10(y) if log else y for y in values if math.isfinite(y) and (y > 0 or not log)]
    if not known:
        return you, 0
    low, high = min(known), max(known)
    room = BEYOND * (high - low or abs(high) or 1.0)
    at = (math.log10(you) if you > 0 else -math.inf) if log else you
    inside = min(max(at, low - room), high + room)
    return (you if inside == at else 10**inside if log else inside), (inside < at) - (inside > at)


@dataclass(frozen=True)
class _Bars:
    """Names, bars and numbers, in as much room as there is."""

    rows: Sequence[tuple[str, float, str, str]]  # a name, its share of the longest, what stands behind it, its style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        names = max((len(name) for name, *_ in self.rows), default=0)
        names = min(names, 2 * options.max_width // 5)
        behind = max((len(said) for *_, said, _ in self.rows), default=0)
        room = max(options.max_width - names - behind - 4, 4)
        for name, share, said, style in self.rows:
            length = room * (0.0 if math.isnan(share) else min(share, 1.0))
            line = Text(f"{name[:names]:<{names}}  ", no_wrap=True, overflow="crop")
            line.append(_bar(length, options.ascii_only), style).append(f" {said}")
            yield line


def _bar(length: float, ascii_only: bool) -> str:
    """A bar of so many cells, to an eighth of one."""
    if ascii_only:
        return "#" * round(length)
    eighths = round(8 * length)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8]


def _bars(picture: pictures.Bars, you: float | None) -> RenderableType:
    values = {name: float(value) for name, value in picture.values.items()}
    shown = {**values, "you said": you} if you is not None else values
    most = max((abs(value) for value in (*values.values(), *picture.beside) if math.isfinite(value)), default=0.0)
    too_long = you is not None and not picture.log and abs(you) > LONGEST * most > 0
    if too_long:
        shown["you said"] = LONGEST * most
    finite = [value for value in (*shown.values(), *picture.beside) if math.isfinite(value)]
    shares = _shares(shown, finite, picture.log)
    rows = []
    for name, value in ({**values, "you said": you} if you is not None else values).items():
        said = f"{written(value, 3)} {picture.unit}".rstrip()
        said = f"... {said}" if name == "you said" and too_long else said
        low, high = picture.spread.get(name, (value, value))
        if low < high:
            said += f"  ({written(low, 3)} to {written(high, 3)})"
        rows.append((name, shares[name], said, YOU if name not in values else PALETTE[0]))
    return Group(Text(picture.title + (" (logarithmic)" if picture.log else ""), "bold"), _Bars(rows))


def _shares(values: dict[str, float], finite: Sequence[float], log: bool) -> dict[str, float]:
    """How long each bar is beside the longest; logarithmic ones begin at 1, or a tenth of the way below the shortest."""
    if not log:
        top = max((abs(value) for value in finite), default=0.0) or 1.0
        return {name: abs(value) / top for name, value in values.items()}
    positive = [math.log10(value) for value in finite if value > 0]
    low, high = min(positive, default=0.0), max(positive, default=1.0)
    low = 0.0 if 0 <= low < high else low - max(0.1 * (high - low), 0.1)
    return {name: (math.log10(value) - low) / (high - low) if value > 0 else 0.0 for name, value in values.items()}


def row_width(picture: pictures.Table) -> int:
    """How wide a table is whose cells are not cut."""
    rows = [list(picture.columns), *([_cell(value) for value in row] for row in picture.rows)]
    return sum(max(map(len, column)) for column in zip(*rows)) + 2 * (len(picture.columns) - 1)


def _cell(value: object) -> str:
    if isinstance(value, bool | str) or value is None:
        return "" if value is None else str(value)
    if isinstance(value, int | np.integer):
        return f"{int(value):,}"
    return written(float(value)) if isinstance(value, float | np.floating) else str(value)


def _numeric(values: Sequence[object]) -> bool:
    return all(value is None or (isinstance(value, int | float | np.number) and not isinstance(value, bool))
               for value in values)  # fmt: skip
