"""Optimizers race downhill on a landscape of two coordinates, each step by the same kernels that train a net."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.streams import generator
from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.network import Network, build
from dllab.lab.curvature import curvature
from dllab.losses.surface import LANDSCAPES, Landscape, height
from dllab.plan.plan import HISTORY_STEPS
from dllab.recipe import Recipe
from dllab.training.compiling import compile_ahead
from dllab.training.events import Compiling

STEPS = 200
"""Of a race, if nobody says how many."""
RATES = tuple(digit * 10.0**power for power in range(-4, 1) for digit in (1.0, 2.0, 5.0))
"""Tried for an optimizer whose rate nobody gives: so many for each, which is a fair race."""
TOLERANCE = 1e-3
"""How close to the least height counts as there."""
PROGRAM = "train:plain"
ACROSS, UP = 121, 81
"""Points of the map."""

Numbers = NDArray[np.float64]
Pair = tuple[float, float]


@dataclass(frozen=True)
class Terrain:
    """What is known of a landscape of the loss `surface`: its formula, where it is least, where a race begins, its map."""

    formula: str
    minima: tuple[Pair, ...]
    start: Pair
    box: tuple[Pair, Pair]


TERRAINS: Mapping[Landscape, Terrain] = {
    "bowl": Terrain("(a^2 + b^2) / 2", ((0.0, 0.0),), (-2.0, 1.5), ((-2.5, 2.5), (-2.0, 2.0))),
    "valley": Terrain("(a^2 + 25 b^2) / 2", ((0.0, 0.0),), (-2.2, 0.8), ((-2.5, 2.5), (-1.2, 1.2))),
    "rosenbrock": Terrain("(1 - a)^2 + 100 (b - a^2)^2", ((1.0, 1.0),), (-1.2, 1.0), ((-2.0, 2.0), (-1.0, 3.0))),
    "saddle": Terrain(
        "(a^2 - b^2) / 2 + b^4 / 4", ((0.0, 1.0), (0.0, -1.0)), (-1.5, 0.01), ((-2.0, 2.0), (-1.5, 1.5))
    ),
    "beale": Terrain(
        "(1.5 - a + a b)^2 + (2.25 - a + a b^2)^2 + (2.625 - a + a b^3)^2", ((3.0, 0.5),), (1.0, 1.5),
        ((-0.5, 4.5), (-1.0, 2.0)),
    ),
    "himmelblau": Terrain(
        "(a^2 + b - 11)^2 + (a + b^2 - 7)^2",
        ((3.0, 2.0), (-2.805118087, 3.131312518), (-3.779310253, -3.283185991), (3.584428340, -1.848126527)),
        (-0.5, -0.5), ((-5.0, 5.0), (-5.0, 5.0)),
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Racer:
    """One optimizer's way: `path` (steps + 1, 2) from the start, `values` (steps + 1,) the heights there.

    `tuned`: the rate in `options` is the best of RATES. `diverged`: the step, from 0, whose height or slopes were no finite
    numbers, with NaN from there on. `arrived`: the step from which on it stays within TOLERANCE of the least height.
    `distance`: from the nearest minimum at the end.
    """

    name: str
    options: Mapping[str, Any]
    lr: float
    tuned: bool
    path: Numbers
    values: Numbers
    diverged: int | None
    arrived: int | None
    distance: float


@dataclass(frozen=True, eq=False)
class SurfaceRace:
    """A race of so many `steps`, with the map it is run on: `heights` (UP, ACROSS) over x (ACROSS,) and y (UP,)."""

    surface: Landscape
    formula: str
    minimum: float
    minima: tuple[Pair, ...]
    start: Pair
    steps: int
    racers: tuple[Racer, ...]
    x: Numbers
    y: Numbers
    heights: Numbers


def race(
    surface: Landscape, optimizers: Sequence[tuple[str, Mapping[str, Any]]], steps: int = STEPS, start: Pair | None = None,
    seed: int = 0, on_event: Callable[[Compiling], None] = lambda event: None,
) -> SurfaceRace:  # fmt: skip
    """Let optimizers, as names with options, go downhill from one point.

    An optimizer without `lr` gets the one of RATES whose trial run is lowest over the way, in powers of ten. Without
    `start` the race begins at the landscape's usual place, or with a seed above 0 anywhere on its map. Raises RecipeError.
    """
    terrain = TERRAINS[surface]
    if start is None:
        low, high = np.array(terrain.box).T
        drawn = generator(seed, "surface race").uniform(low, high)
        start = (float(drawn[0]), float(drawn[1])) if seed else terrain.start
    least = min(_height(surface, *place) for place in terrain.minima)
    walkers = [Walker(surface, start, name, options) for name, options in optimizers]
    for walker in walkers:
        for event in compile_ahead(walker.plan, (PROGRAM,)):
            on_event(event)
    racers = tuple(_race_one(w, surface, *named, steps, least) for w, named in zip(walkers, optimizers))
    x, y, heights = relief(surface, start)
    return SurfaceRace(surface, terrain.formula, least, terrain.minima, start, steps, racers, x, y, heights)


def relief(surface: Landscape, start: Pair) -> tuple[Numbers, Numbers, Numbers]:
    """A landscape's map with room for a start: x (ACROSS,), y (UP,), heights (UP, ACROSS)."""
    x, y = (np.linspace(*ends, points) for ends, points in zip(_box(TERRAINS[surface], start), (ACROSS, UP)))
    return x, y, np.array([[_height(surface, float(a), float(b)) for a in x] for b in y])


def _race_one(
    walker: Walker, surface: Landscape, name: str, options: Mapping[str, Any], steps: int, least: float
) -> Racer:  # fmt: skip
    tuned, lr = "lr" not in options, walker.lr
    if tuned:
        lr = min(RATES, key=lambda rate: _badness(walker.heights(rate, steps), least))
        options = {**options, "lr": lr}
    path, values = walker.walk(lr, steps)
    done = int(np.isfinite(values).sum())
    minima = np.array(TERRAINS[surface].minima)
    distance = float(np.linalg.norm(minima - path[-1], axis=1).min())
    diverged = None if done > steps else done
    return Racer(name, options, lr, tuned, path, values, diverged, arrival(values, least), distance)


def arrival(values: Numbers, least: float) -> int | None:
    """The first step from which on all heights are within TOLERANCE of the least; None if the last is not."""
    outside = np.flatnonzero(~(values <= least + TOLERANCE))
    first = int(outside[-1]) + 1 if len(outside) else 0
    return first if first < len(values) else None


def _largest(good: Callable[[float], bool], highest: float, share: float) -> float:
    """The largest number that is good, if smaller ones are, to such a share of the highest that is tried."""
    low, high = 0.0, highest
    while high - low > share * highest:
        middle = (low + high) / 2
        low, high = (middle, high) if good(middle) else (low, middle)
    return low


def rises(values: Numbers) -> int:
    """How many steps of a way go up, or end where there is no number."""
    return int(np.sum(~(values[1:] <= values[:-1])))


def _badness(values: Numbers, least: float) -> float:
    """The mean order of magnitude above the least height over the way; what is there counts as TOLERANCE."""
    if not np.isfinite(values).all():
        return np.inf
    return float(np.log10(np.maximum(values - least, TOLERANCE)).mean())


class Hiker:
    """A net of two weights, with an optimizer, on one batch (x, y): its loss is the height. `plan`: to be compiled first.

    `lr`: as the optimizer's options or its own default say. A walk begins at `start`.
    """

    def __init__(self, net: Network, x: Numbers, y: Numbers, start: Pair) -> None:
        self._net, self._x, self._y, self._start = net, x, y, start
        self.plan, self.lr = net.plan, net.learning_rate
        (weights,) = net.parameters.values()
        self._point = weights.reshape(2)

    @property
    def curvature(self) -> float:
        """The largest at the start."""
        self._begin()
        return curvature(self._net, self._x, self._y).largest

    def limit(self, highest: float, steps: int = STEPS) -> float:
        """The largest rate, to a ten-millionth of `highest`, with which every step goes down, if smaller ones do."""
        return _largest(lambda rate: not rises(self.heights(rate, steps)), highest, 1e-7)

    def bears(self, highest: float, steps: int = 2000) -> float:
        """The largest rate, to a ten-thousandth of `highest`, whose way ends lower than it begins, if smaller ones do."""

        def lower(rate: float) -> bool:
            found = self.heights(rate, steps)
            return bool(found[-1] < found[0])  # which NaN is not

        return _largest(lower, highest, 1e-4)

    def heights(self, lr: float, steps: int) -> Numbers:
        """The heights (steps + 1,) on the way with such a rate, NaN from where it diverges."""
        self._begin()
        found = np.full(steps + 1, np.nan)
        for first in range(0, steps, HISTORY_STEPS):
            last = min(first + HISTORY_STEPS, steps)
            stopped = executor.run(self._bound, first, last, np.full(last - first, lr))
            done = np.arange(first, last if stopped is None else stopped)
            found[done] = self._history[done % HISTORY_STEPS]
            if stopped is not None:
                return found
        found[steps] = self._here()
        return found

    def walk(self, lr: float, steps: int) -> tuple[Numbers, Numbers]:
        """The places (steps + 1, 2) and the heights there; both NaN from where it diverges."""
        self._begin()
        path, values, rate = np.full((steps + 1, 2), np.nan), np.full(steps + 1, np.nan), np.array([lr])
        for step in range(steps):
            path[step] = self._point
            if executor.run(self._bound, step, step + 1, rate) is not None:
                path[step] = np.nan
                return path, values
            values[step] = self._history[step % HISTORY_STEPS]
        path[steps], values[steps] = self._point, self._here()
        return path, values

    def _begin(self) -> None:
        self._net.initialise(0)
        self._point[:] = self._start

    def _here(self) -> float:
        loss, _ = self._net.loss_and_gradients(self._x, self._y)
        return loss

    @cached_property
    def _bound(self) -> Bound:
        return self._net.training_batch(self._x, self._y)

    @property
    def _history(self) -> Numbers:
        return self._net.memory.arrays["history"].view(np.float64)


def hiker(recipe: Recipe) -> Hiker:
    """One that goes as a recipe of a point on a surface says."""
    net = build(recipe, dtype="float64")
    (point,) = net.parameters.values()
    return Hiker(net, np.zeros((1, 1)), np.zeros((1, 1)), (float(point[0]), float(point[1])))


class Walker(Hiker):
    """A net that is nothing but a point. Raises RecipeError for options that an optimizer has not."""

    def __init__(self, surface: Landscape, start: Pair, name: str, options: Mapping[str, Any]) -> None:
        recipe = {
            "input": [1], "model": [{"point": list(start)}], "loss": {"surface": surface},
            "optimizer": {"name": name, **options},
        }  # fmt: skip
        super().__init__(build(recipe, dtype="float64"), np.zeros((1, 1)), np.zeros((1, 1)), start)


def _height(surface: Landscape, a: float, b: float) -> float:
    return float(height(LANDSCAPES.index(surface), a, b))


def _box(terrain: Terrain, start: Pair) -> tuple[Pair, Pair]:
    """The landscape's map, made larger where the race begins outside of it."""
    (left, right), (bottom, top) = terrain.box
    room = (right - left) / 20, (top - bottom) / 20
    across = min(left, start[0] - room[0]), max(right, start[0] + room[0])
    return across, (min(bottom, start[1] - room[1]), max(top, start[1] + room[1]))
