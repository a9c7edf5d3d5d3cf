"""The plane, or the line, that a net's inputs span: regions by how sure the net is, points, and what single units draw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from dllab.lab.plane_map import ACROSS, Line, PlaneMap, Units
from dllab.runs.metrics_log import plain
from dllab.views.boundary import BLANK, Plane
from dllab.views.colours import coloured
from dllab.views.curves import Plot, Series
from dllab.views.heat import HeatMap
from dllab.views.looked import looked_at
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.pixels import Pictures
from dllab.views.text import count, number, percent

MARGIN = 9
SLOPE = 4  # columns for each line of text
LINES = (10, 30)
AXES = 3  # lines below a plane
CAPTIONS = 2  # lines above and below the picture of a unit
CURVE_LINES = 16
FRAME_LINES = 2  # of a figure that moves, beside the plane or the curve


def view(found: PlaneMap | Line, words: str, most: int = 30, asked: str = "--units") -> RenderableType:
    """The whole answer. `words`: what the command was asked about. `most`: units that are drawn, `asked` for by this."""
    if found.units is not None:
        body: list[RenderableType] = _units(found, found.units, most)
    else:
        body = _plane(found) if isinstance(found, PlaneMap) else _line(found)
    return Group(Plain(Group(*body)), Text(), NextSteps(_next(found, words, asked)))


def plane_size(width: int, most: int) -> tuple[int, int]:
    """Columns and lines of a plane in a terminal of that width, with the axes in at most so many lines."""
    columns = max(8, min(width - MARGIN - 1, ACROSS))
    return columns, max(2, min(max(columns // SLOPE, LINES[0]), LINES[1], most - AXES))


def frame_size(width: int, lines: int) -> tuple[int, int]:
    """The places across and down that `frame` shows in a terminal of that width, in so many lines."""
    across, down = plane_size(width, lines - FRAME_LINES)
    return across, 2 * down


def frame(found: PlaneMap | Line, lines: int, most: int = 30) -> list[RenderableType]:
    """The figure while training goes on, in so many lines: without a title, and of units as many as fit."""
    if found.units is not None and isinstance(found, PlaneMap):
        units = found.units
        what = f"{units.path} ({units.kind}): {count(len(units.units), 'unit')}, drawn as far as they fit"
        high = units.units[0].values.shape[0] // 2 + CAPTIONS
        pictures = replace(_pictures(units, most), most_lines=max((lines - 3) // high, 1), legend=False)
        return [Text(what), _UnitReading(), pictures]
    if found.units is not None:
        return _units(found, found.units, min(most, max(lines - 8, 1)))[1:]
    if isinstance(found, Line):
        _, reading, plot, told = _line(found, min(CURVE_LINES, lines - FRAME_LINES))
        return [reading, plot, told]
    _, reading, _, told = _plane(found)
    return [reading, Framed(found, lines - FRAME_LINES), told]


def _title(found: PlaneMap | Line) -> Text:
    return looked_at(found.seen, "boundary" if isinstance(found, PlaneMap) else "curve", "point")


def _plane(found: PlaneMap) -> list[RenderableType]:
    share = found.wrong / found.seen.rows
    verdict = f"{found.wrong:,} of {count(found.seen.rows, 'point')} ({percent(share)}) on the wrong side"
    fewer = f"; {len(found.points)} of the {found.seen.rows:,} are drawn" if len(found.points) < found.seen.rows else ""
    return [_title(found), _Reading(found.sure is not None, _unsure(found)), Framed(found), Text(verdict + fewer)]


def _line(found: Line, lines: int = CURVE_LINES) -> list[RenderableType]:
    x, y = found.x.tolist(), found.y.tolist()
    points = Series("data", found.points.tolist(), found.values.tolist(), "#e69f00", points=True)
    plot = Plot("value", (points, Series("net", x, y, "#56b4e9")), lines, unit=found.feature, start=x[0], end=x[-1])
    told = f"rmse {number(found.rmse)}: how far the net is from the points of the split, in their unit"
    return [_title(found), Text("The line is what the net gives for each input, dots are the data."), plot, Text(told)]


@dataclass(frozen=True)
class _Reading:
    """How to read the plane, in one line."""

    shaded: bool
    unsure: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """By colours, or by signs."""
        text = "Small letters: what the net says; capitals: points."
        if self.shaded and coloured(console, options):
            text += " Grey: unsure."
        elif self.unsure:
            text += f" Nowhere {percent(BLANK)} sure."
        elif self.shaded:
            text += f" Blank: under {percent(BLANK)} sure."
        yield Text(text)


def _unsure(found: PlaneMap) -> bool:
    """Whether the net is nowhere so sure that a place would not be blank: a map of nothing tells nothing."""
    return found.sure is not None and bool((found.sure < BLANK).all())


@dataclass(frozen=True, eq=False)
class Framed:
    """The plane with the ranges of its axes, as wide as there is room, in at most so many lines."""

    found: PlaneMap
    most: int = LINES[1] + AXES

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A line of the plane is two rows of pixels; below it the axis and the classes."""
        found, ascii_only = self.found, options.ascii_only
        width, height = plane_size(min(options.max_width, found.labels.shape[1] + MARGIN + 1), self.most)
        plane = shrunk(found, width, height)
        lines = console.render_lines(plane, options.update(width=width), pad=False)
        bar, corner, dash = ("|", "+", "-") if ascii_only else ("│", "└", "─")
        for index in range(height):
            value = {0: found.high[1], height - 1: found.low[1]}.get(index)
            label = (
                number(float(value), 3) if value is not None else found.features[1][: MARGIN - 2] * (index == height // 2)
            )
            yield Text(f"{label:>{MARGIN - 2}} {bar}", end="")
            yield from lines[index]
            yield Text("")
        yield Text(f"{'':{MARGIN - 1}}{corner}{dash * width}")
        left, right = number(float(found.low[0]), 3), number(float(found.high[0]), 3)
        yield Text(f"{'':{MARGIN}}{left}{found.features[0]:^{max(0, width - len(left) - len(right))}}{right}")
        yield Text(" " * MARGIN, end="")
        yield from lines[height]
        yield Text("")


def shrunk(found: PlaneMap, width: int, height: int) -> Plane:
    """The plane in so many columns and lines: the nearest of the places that were asked about."""
    down, across = found.labels.shape
    rows = np.linspace(0, down - 1, 2 * height).round().astype(int)
    columns = np.linspace(0, across - 1, width).round().astype(int)
    shares = np.clip((found.points - found.low) / (found.high - found.low), 0, 1)
    places = np.column_stack([shares[:, 0] * (width - 1), (1 - shares[:, 1]) * (2 * height - 1)]).round().astype(int)
    wrong_last = np.argsort(found.said != found.truth, kind="stable")  # so that they are seen where points are dense
    points = tuple((int(places[i, 0]), int(places[i, 1]), int(found.truth[i])) for i in wrong_last)
    cut = np.ix_(rows, columns)
    return Plane(
        found.labels[cut], points, found.classes, None if found.sure is None else found.sure[cut], not _unsure(found)
    )


def _units(found: PlaneMap | Line, units: Units, most: int) -> list[RenderableType]:
    shown = units.units[:most]
    images = np.stack([unit.values for unit in shown])
    what = f"{units.path} ({units.kind}): {count(len(units.units), 'unit')}"
    if len(shown) < len(units.units):
        what += f", the first {len(shown)} drawn; --most {len(units.units)} draws all"
    if isinstance(found, Line):
        largest = np.abs(images[:, 0]).max(axis=1)
        names = [f"unit {unit.number}: {number(float(size), 2)}" for unit, size in zip(shown, largest)]
        shares = images[:, 0] / np.where(largest > 0, largest, 1.0)[:, None]
        title = f"Across: {found.feature} from {number(float(found.x[0]), 3)} to {number(float(found.x[-1]), 3)}"
        title += "; behind each unit its largest size"
        return [_title(found), Text(what), HeatMap(shares, names, (), -1, 1, True, title, "of that", column_unit="places")]
    return [_title(found), Text(what), _UnitReading(), _pictures(units, most)]


def _pictures(units: Units, most: int) -> Pictures:
    shown = units.units[:most]
    captions = [f"{percent(unit.positive)} > 0" for unit in shown]
    names = [f"unit {unit.number}" for unit in shown]
    images = np.stack([unit.values for unit in shown])
    return Pictures(images, names, captions, signed=True, per_image_scale=True, legend=True)


class _UnitReading:
    """How to read the pictures of units, in one line."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """By colours, or by signs."""
        drawn = "Orange: above 0, blue: below, white: 0" if coloured(console, options) else "Blank: 0; -=o: below"
        yield Text(f"{drawn}. A unit's line: where it leaves (relu) or crosses (tanh) 0.")


def _next(found: PlaneMap | Line, words: str, asked: str) -> list[tuple[str, str]]:
    """The other picture of the same net, and the same picture of the net before, or after, its training."""
    split = "" if found.seen.split == "train" else f" --split {found.seen.split}"
    before = "" if found.seen.state == "trained" else " --before"
    units = "" if found.units is None else f" {asked}"
    command = f"dllab viz-boundary {words}{split}"
    if found.units is None:
        other = f"{command} {asked}{before}", "what each hidden unit draws"
    else:
        other = f"{command}{before}", "what they make together"
    if found.seen.state == "trained":
        return [other, (f"{command}{units} --before", "the same before training")]
    return [other, (f"{command}{units}", "the same after training")]


def document(found: PlaneMap | Line) -> dict[str, Any]:
    """As plain JSON data."""
    seen = found.seen
    told: dict[str, Any] = {
        "name": seen.name, "state": seen.state, "steps": seen.steps, "best_step": seen.best_step, "split": seen.split,
        "rows": seen.rows,
    }  # fmt: skip
    if isinstance(found, PlaneMap):
        told |= {
            "features": list(found.features), "classes": list(found.classes), "low": found.low.tolist(),
            "high": found.high.tolist(), "labels": found.labels.tolist(),
            "sure": None if found.sure is None else found.sure.tolist(), "wrong": found.wrong,
            "points": [{"x": x, "truth": truth, "said": said} for x, truth, said in
                       zip(found.points.tolist(), found.truth.tolist(), found.said.tolist())],
        }  # fmt: skip
    else:
        told |= {
            "features": [found.feature], "x": found.x.tolist(), "y": found.y.tolist(), "rmse": found.rmse,
            "points": [{"x": [x], "value": y} for x, y in zip(found.points.tolist(), found.values.tolist())],
        }  # fmt: skip
    if found.units is not None:
        units = [{"unit": u.number, "positive": u.positive, "values": u.values.tolist()} for u in found.units.units]
        told |= {"layer": found.units.path, "units": units}
    document: dict[str, Any] = plain(told)
    return document
