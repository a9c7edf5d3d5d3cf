"""A race of optimizers on a landscape: their ways on a map, who is how low after how many steps, what there is to see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dllab.lab.surface_race import RATES, TOLERANCE, Racer, SurfaceRace
from dllab.runs.metrics_log import plain
from dllab.views.colours import contrast
from dllab.views.data_pictures import PALETTE
from dllab.views.parts import Plain
from dllab.views.surface import Surface, Trail
from dllab.views.text import count, number

START, MINIMUM = "o", "*"
LETTERS = "abcdefghijklmnpqrstuvwxyz"  # without the sign of the start
STOPS = (10, 100)  # steps after which heights are told, besides the last
FRAME_LINES = 10  # of a live picture, besides the map and a line for each racer
LOWEST_MAP = 6
COLUMNS, ROWS = 70, 18  # of a usual map

SEEN = {
    "bowl": "The slope is the same in all directions: lr 1 / curvature = 1 makes plain descent arrive in one step; what "
    "carries speed runs past the bottom and swings back.",
    "valley": "It is 25 times steeper across than along: the walls forbid sgd a rate above 0.08, with which it crawls "
    "along the floor.",
    "rosenbrock": "The bent floor is soon found and hard to follow: look who goes round the bend to (1, 1).",
    "saddle": "At (0, 0) the slope is 0, though it falls to both sides from there: look who stays how long.",
    "beale": "Steep walls around a flat floor: a rate that suits the floor is thrown far off by a wall.",
    "himmelblau": "Four minima of the same height: start and rate decide who ends in which.",
}


def race_view(found: SurfaceRace, upto: int | None = None, lines: int = 0) -> RenderableType:
    """The whole race; with `upto` as it stands after so many steps, a picture that keeps its size. `lines`: of the map."""
    live = upto is not None
    step = found.steps if upto is None else min(upto, found.steps)
    blocks: list[RenderableType] = [_head(found, step, live), _map(found, step, lines), _what(found), Text()]
    blocks.append(_table(found, step, live))
    if not live:
        blocks += [Text(), *_sentences(found)]
    return Plain(Group(*blocks))


def frame(found: SurfaceRace, step: int, rows: int) -> RenderableType:
    """A picture of a live race for a terminal of so many rows."""
    return race_view(found, step, max(rows - FRAME_LINES - len(found.racers), LOWEST_MAP))


def document(found: SurfaceRace) -> dict[str, Any]:
    """The JSON document."""
    return {
        "surface": found.surface,
        "formula": found.formula,
        "minimum": found.minimum,
        "minima": [list(place) for place in found.minima],
        "start": list(found.start),
        "steps": found.steps,
        "tolerance": TOLERANCE,
        "rates_tried": list(RATES) if any(racer.tuned for racer in found.racers) else [],
        "optimizers": [_racer_document(racer) for racer in found.racers],
    }


def _racer_document(racer: Racer) -> dict[str, Any]:
    return {
        "name": racer.name,
        "options": dict(racer.options),
        "lr": racer.lr,
        "tuned": racer.tuned,
        "final": plain(racer.values[-1]),
        "distance": plain(racer.distance),
        "steps_to_minimum": racer.arrived,
        "diverged": racer.diverged is not None,
        "diverged_at": racer.diverged,
        "values": [plain(value) for value in racer.values],
        "path": [[plain(a), plain(b)] for a, b in racer.path],
    }


def signs(names: Sequence[str]) -> list[str]:
    """A letter for each, its own first one where that is free."""
    found: list[str] = []
    for name in names:
        free = [letter for letter in name + LETTERS if letter in LETTERS and letter not in found]
        found.append(free[0] if free else name[0])
    return found


def _signed(found: SurfaceRace) -> list[tuple[str, str, Racer]]:
    letters = signs([racer.name for racer in found.racers])
    return [(letter, PALETTE[i % len(PALETTE)], racer) for i, (letter, racer) in enumerate(zip(letters, found.racers))]


def _head(found: SurfaceRace, step: int, live: bool) -> Text:
    head = Text(found.surface, "bold")
    if live:
        return Text.assemble(head, f": step {step:>{len(f'{found.steps:,}')},} of {found.steps:,}")
    at = ", ".join(number(value) for value in found.start)
    return Text.assemble(head, f": f(a, b) = {found.formula}, from ({at})")


def _map(found: SurfaceRace, step: int, lines: int) -> Surface:
    """The ways so far, a letter for each step and a large one where it stands; long ways under short ones."""
    trails: list[Trail] = []
    ends = []
    for letter, style, racer in _signed(found):
        way = racer.path[: step + 1]
        way = way[np.isfinite(way).all(axis=1)]
        trails.append(Trail(letter, style, way[:-1]))
        if len(way) > step:  # else it has diverged
            ends.append(Trail(letter.upper(), style, way[-1:]))
    trails.sort(key=lambda trail: -_spread(found, trail))
    fixed = [Trail(MINIMUM, "", np.array(found.minima)), Trail(START, "", np.array([found.start]))]
    return Surface(found.x, found.y, found.heights, "f", "a", "b", trails=(*trails, *fixed, *ends), lines=lines)


def _spread(found: SurfaceRace, trail: Trail) -> int:
    """About how many cells of a map a way takes."""
    sizes = (found.x[-1] - found.x[0]) / COLUMNS, (found.y[-1] - found.y[0]) / ROWS
    return len(np.unique(np.floor(trail.places / sizes), axis=0))


def _what(found: SurfaceRace) -> Text:
    some = "the minimum" if len(found.minima) == 1 else "the minima"
    return Text(f"a letter for each step, large at the end; {START} = start, {MINIMUM} = {some}, {number(found.minimum)}")


def _table(found: SurfaceRace, step: int, live: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    stops = [] if live else [stop for stop in STOPS if stop < found.steps]
    heads = ["lr", *(f"after {stop}" for stop in stops), "now" if live else f"after {found.steps:,}", "there", "distance"]
    table.add_column("")
    table.add_column("optimizer")
    for head in heads:
        table.add_column(head, justify="right")
    for letter, style, racer in _signed(found):
        heights = [_height(racer, stop) for stop in (*stops, step)]
        there = racer.arrived if racer.arrived is not None and racer.arrived <= step else None
        table.add_row(
            Text(f" {letter.upper()} ", f"bold {contrast(style)} on {style}"), _name(racer), _rate(racer), *heights,
            "-" if there is None else f"step {there:,}", _distance(found, racer, step),
        )  # fmt: skip
    return table


def _name(racer: Racer) -> str:
    """With the options that were given besides the rate."""
    more = [f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in racer.options.items()
            if name != "lr"]  # fmt: skip
    return " ".join([racer.name, *more])


def _rate(racer: Racer) -> str:
    return f"{number(racer.lr)}{'*' if racer.tuned else ' '}"


def _height(racer: Racer, step: int) -> str:
    return "diverged" if racer.diverged is not None and step >= racer.diverged else number(float(racer.values[step]), 3)


def _distance(found: SurfaceRace, racer: Racer, step: int) -> str:
    distance = float(np.linalg.norm(np.array(found.minima) - racer.path[step], axis=1).min())
    return number(distance, 3) if np.isfinite(distance) else "-"


def _sentences(found: SurfaceRace) -> list[Text]:
    """What to look at, who won, and where the rates are from."""
    lines = [Text(SEEN[found.surface])]
    there = [racer for racer in found.racers if racer.arrived is not None]
    if there:
        first = min(racer.arrived for racer in there if racer.arrived is not None)
        names = [racer.name for racer in there if racer.arrived == first]
        line = Text.assemble((" and ".join(names), "bold"), f" {'is' if len(names) == 1 else 'are'} there first")
        lines.append(line.append(f", after {count(first, 'step')} (there: within {TOLERANCE:g} of the least, for good)."))
    else:
        left = [racer for racer in found.racers if racer.diverged is None]
        said = f"Nobody is there after {count(found.steps, 'step')} (there: within {TOLERANCE:g} of the least, for good)"
        lowest = min(left, key=lambda racer: float(racer.values[-1]), default=None)
        lines.append(Text(said + (f"; {lowest.name} is lowest." if lowest is not None else ".")))
    if any(racer.tuned for racer in found.racers):
        tried = f"{len(RATES)} rates from {number(RATES[0])} to {number(RATES[-1])}"
        lines.append(Text(f"* found by trying {tried} over {count(found.steps, 'step')} each: the lowest on the way"))
    return lines
