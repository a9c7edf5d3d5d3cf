"""The loss on a plane through the weights of a net, and how sharp the place is where the net lies.

Sharp and flat are told by how far the loss rises over a tenth of the weights' length, against the loss itself, but no less
than a tenth of the loss of a net that knows nothing: against its own loss alone every net that has learnt its rows by
heart is sharp, as that goes to 0. For the same reason the sharpness of Keskar et al., On large-batch training for deep
learning (ICLR 2017), Metric 2.1, divides by 1 + loss. Measured in random planes: 0.002 to 0.07 for xor, digits, wine,
iris; 0.1 to 0.8 for plain, function, recall; 3 to 8 for checkerboard and adding-lstm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab.directions import WeightPlane, path_plane, random_plane
from dllab.lab.subject import Subject
from dllab.lab.terrain import ROWS, Moved, Terrain
from dllab.lab.weight_path import WeightPath, vector

FEWEST, MOST = 15, 41
"""Points along an axis, if nobody asks for others."""
WORK = 4e10
"""Multiply-adds that all points together may take then: some seconds."""
STEP = 0.05
"""Of the second differences, in lengths of the weights."""
NEAR = 0.1
"""How far, in lengths of the weights, the curvature is followed to tell sharp from flat."""
SHARP, FLAT = 1.0, 0.1
"""Rise of the loss over NEAR, as a share of the larger of the loss and BLANK."""
BLANK = 0.1
"""Of the loss with all weights 0: a rise that is small beside this is small, however close to 0 the loss itself is."""
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

    The net is at (0, 0). `centre`: its loss; `blank`: that with all weights 0; all over `rows` of the `of_rows` training
    rows. `lines` (2, N): along each axis through the net. `curvature`: second differences along both axes. `seed`: of
    random directions. `path`: of a training's plane. `best_step`: see Subject.
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
    blank: float
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
    def share(self) -> float:
        """The rise as a share of the larger of the loss and BLANK times the loss with all weights 0."""
        return self.rise / self._large

    @property
    def verdict(self) -> str:
        """`falls`, `saddle`, `sharp`, `curved` or `flat`; `unknown` where a loss is no number."""
        if not np.isfinite([*self.curvature, self.centre]).all():
            return "unknown"
        if max(self.curvature) < 0:
            return "falls"
        if min(self.curvature) * NEAR**2 / 2 < -FLAT * self._large:
            return "saddle"
        return "sharp" if self.share > SHARP else "flat" if self.share < FLAT else "curved"

    @property
    def _large(self) -> float:
        blank = BLANK * abs(self.blank) if np.isfinite(self.blank) else 0.0
        return max(abs(self.centre), blank, float(np.finfo(np.float64).tiny))


def usual_points(subject: Subject) -> int:
    """How many points along an axis take some seconds: an odd number, so that one is the net itself."""
    work = sum(info.multiply_adds for info in subject.network.plan.infos) * len(subject.rows("train", ROWS))
    points = int((WORK / max(work, 1)) ** 0.5)
    return min(max((points - 1) | 1, FEWEST), MOST)


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
    moves = [_moved(across, a, up, b) for b in y for a in x]
    moves += [_moved(direction, at, direction, 0.0) for direction, axis in ((across, x), (up, y)) for at in axis]
    moves += [_moved(direction, h, direction, 0.0) for direction in (across, up) for h in (STEP, -STEP)]
    losses = terrain.losses(moves, lambda done, loss: advance(done, len(moves), f"loss {loss:.4g}"))
    loss, lines, beside = np.split(losses, [points * points, points * (points + 2)])
    centre = terrain.loss(0 * across)
    bends = (beside.reshape(2, 2).sum(axis=1) - 2 * centre) / STEP**2  # (L(h) - 2 L(0) + L(-h)) / h^2
    return Landscape(
        name=subject.name, state=subject.state, trained=subject.steps, rows=len(terrain.rows),
        of_rows=len(subject.data.splits.train), parameters=sum(v.size for v in network.parameters.values()),
        length=plane.length, x=x, y=y, loss=loss.reshape(points, points), centre=centre,
        blank=terrain.blank, lines=lines.reshape(2, points), curvature=(float(bends[0]), float(bends[1])),
        seed=seed if path is None else None, path=walked, best_step=subject.best_step,
    )  # fmt: skip


def _moved(across: NDArray[Any], a: float, up: NDArray[Any], b: float) -> Moved:
    return lambda: across * across.dtype.type(a) + up * up.dtype.type(b)


def _walked(end: NDArray[Any], path: WeightPath, plane: WeightPlane) -> WalkedPath:
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
