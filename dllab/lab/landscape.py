"""The loss on a plane through the weights of a net, evaluated by the engine with only the parameters exchanged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.splits import Splits
from dllab.engine.question import TARGETS
from dllab.lab.directions import Plane, Vector, path_plane, random_plane
from dllab.lab.subject import Subject
from dllab.lab.weight_path import WeightPath, vector
from dllab.training.evaluate import Evaluator

ROWS = 512
"""Training rows, at most, that every point of the plane is evaluated on."""
FEWEST, MOST = 15, 41
"""Points along an axis, if nobody asks for others."""
WORK = 4e10
"""Multiply-adds that all points together may take then: some seconds."""
STEP = 0.05
"""Of the second differences, in lengths of the weights."""
NEAR = 0.1
"""How far, in lengths of the weights, the curvature is followed to tell sharp from flat."""
SHARP, FLAT = 1.0, 0.1
"""Rise of the loss over NEAR, as a share of the loss."""
MARGIN = 0.25
"""Of the plane around a path, as a share of how far it goes."""

Advance = Callable[[float, int, str], None]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WalkedPath:
    """A training in the plane: copies of the weights after `steps` (K,), as `places` (K, 2) in the plane.

    `shares`: of the path's variance that lies along each axis. `back`: whether the net at the end is an earlier one that
    was best.
    """

    steps: NDArray[np.int64]
    places: Numbers
    shares: tuple[float, float]
    back: bool


@dataclass(frozen=True, eq=False)
class Landscape:
    """The loss at points x (N,) across and y (N,) up, (N, N), rows from the lowest y to the highest; 1 is `length`.

    The net is at (0, 0), with the loss `centre` over `rows` of the `of_rows` training rows. `lines` (2, N): along each axis
    through the net. `curvature`: second differences along both axes. `seed`: of random directions. `path`: of a
    training's plane.
    """

    name: str
    state: str
    trained: int
    rows: int
    of_rows: int
    parameters: int
    length: float
    x: Numbers
    y: Numbers
    loss: Numbers
    centre: float
    lines: Numbers
    curvature: tuple[float, float]
    seed: int | None
    path: WalkedPath | None
    best_step: int | None = None

    @property
    def rise(self) -> float:
        """By how much the loss rises over NEAR along the steeper axis, as the curvature says."""
        return max(self.curvature) * NEAR**2 / 2

    @property
    def verdict(self) -> str:
        """`falls`, `saddle`, `sharp`, `curved` or `flat`; `unknown` where a loss is no number."""
        if not np.isfinite([*self.curvature, self.centre]).all():
            return "unknown"
        if max(self.curvature) < 0:
            return "falls"
        if min(self.curvature) * NEAR**2 / 2 < -FLAT * abs(self.centre):
            return "saddle"
        share = self.rise / max(abs(self.centre), np.finfo(np.float64).tiny)
        return "sharp" if share > SHARP else "flat" if share < FLAT else "curved"


class Terrain:
    """A net whose weights are moved about; `loss` is what the training rows make of them. `rows`: those."""

    def __init__(self, subject: Subject, most: int = ROWS) -> None:
        subject.compile("evaluate")
        self.network, self.rows = subject.network, subject.rows("train", most)
        none = np.zeros(0, np.int64)
        targets = subject.data.dataset.columns[TARGETS]
        self._evaluator = Evaluator(self.network, subject.columns(), Splits(self.rows, none, none), targets, ())
        self._arena = self.network.memory.flat("parameters")
        self._centre = self._arena.copy()

    def loss(self, moved: NDArray[Any]) -> float:
        """The loss with so much added to the weights, in the order of the arena."""
        self._arena[:] = self._centre + moved
        try:
            with np.errstate(all="ignore"):
                return float(self._evaluator.evaluate("train")["loss"])
        finally:
            self._arena[:] = self._centre

    def arena(self, direction: Vector) -> NDArray[Any]:
        """A direction in the order of the arena."""
        place = 0
        try:
            self._arena[:] = 0
            for values in self.network.parameters.values():
                values[...] = direction[place : place + values.size].reshape(values.shape)
                place += values.size
            return self._arena.copy()
        finally:
            self._arena[:] = self._centre


def usual_points(subject: Subject) -> int:
    """How many points along an axis take some seconds: an odd number, so that one is the net itself."""
    work = sum(info.multiply_adds for info in subject.network.plan.infos) * len(subject.rows("train", ROWS))
    points = int((WORK / max(work, 1)) ** 0.5)
    return min(max(points - 1 | 1, FEWEST), MOST)


def landscape(
    subject: Subject, *, points: int | None = None, span: float | None = None, seed: int = 0,
    advance: Advance = lambda done, total, what: None,
) -> Landscape:  # fmt: skip
    """The loss around a net: on the plane of its training's path, if it has one, else of two random directions.

    `span`: how far the plane reaches on all sides, in lengths of the weights. Raises directions.NoPlane.
    """
    path, network = subject.path, subject.network
    plane = random_plane(network, seed) if path is None else path_plane(network, path)
    walked = None if path is None else _walked(vector(network), path, plane)
    points = points or usual_points(subject)
    x, y = _axes(points, span, walked)
    terrain = Terrain(subject)
    across, up = (terrain.arena(direction) for direction in plane.directions)
    total, loss = points * points, np.empty((points, points))
    for number, (row, column) in enumerate(np.ndindex(loss.shape)):
        loss[row, column] = terrain.loss(_moved(across, float(x[column]), up, float(y[row])))
        advance(number + 1, total, f"loss {loss[row, column]:.4g}")
    centre = terrain.loss(0 * across)
    lines = np.array([[terrain.loss(_moved(d, float(at), d, 0.0)) for at in axis] for d, axis in ((across, x), (up, y))])
    bends = [_second_difference(terrain, direction, centre) for direction in (across, up)]
    return Landscape(
        name=subject.name, state=subject.state, trained=subject.steps, rows=len(terrain.rows),
        of_rows=len(subject.data.splits.train), parameters=sum(v.size for v in network.parameters.values()),
        length=plane.length, x=x, y=y, loss=loss, centre=centre, lines=lines, curvature=(bends[0], bends[1]),
        seed=seed if path is None else None, path=walked, best_step=subject.best_step,
    )  # fmt: skip


def _moved(across: NDArray[Any], a: float, up: NDArray[Any], b: float) -> NDArray[Any]:
    moved: NDArray[Any] = across * across.dtype.type(a) + up * up.dtype.type(b)
    return moved


def _second_difference(terrain: Terrain, direction: NDArray[Any], centre: float) -> float:
    """(L(h) - 2 L(0) + L(-h)) / h^2."""
    ahead, behind = (terrain.loss(_moved(direction, h, direction, 0.0)) for h in (STEP, -STEP))
    return (ahead - 2 * centre + behind) / STEP**2


def _walked(end: NDArray[Any], path: WeightPath, plane: Plane) -> WalkedPath:
    """Where the copies of a path lie in its plane, which goes through the net at the end."""
    ways = path.weights.astype(np.float64) - end
    places = ways @ plane.directions.T / plane.length**2
    assert plane.shares is not None
    return WalkedPath(path.steps, places, plane.shares, bool(ways[-1].any()))


def _axes(points: int, span: float | None, walked: WalkedPath | None) -> tuple[Numbers, Numbers]:
    """The coordinates of the points: around the net, or around all of its path."""
    if span is not None or walked is None:
        axis = np.linspace(-(span or 1.0), span or 1.0, points)
        return axis, axis
    low, high = walked.places.min(axis=0).clip(max=0), walked.places.max(axis=0).clip(min=0)
    room = MARGIN * (high - low)
    return tuple(np.linspace(a, b, points) for a, b in zip(low - room, high + room))  # type: ignore[return-value]
