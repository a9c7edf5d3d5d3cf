"""What a net makes of the plane of its two inputs, or of the line of its only one: classes, probabilities, single units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.splits import evenly
from dllab.engine.inside import Inside
from dllab.engine.question import INPUTS
from dllab.lab.chosen import chosen
from dllab.lab.subject import State, Subject
from dllab.plan.flow import LayerInfo
from dllab.runs.plane import Look
from dllab.symbols import COLUMN

ACROSS, DOWN = 120, 80
"""Places of the plane that are asked about; places along the line of a single input: twice as many as ACROSS."""
UNIT_SIDE, LIVE_SIDE = 16, 12
"""Places along each side of the picture of a unit, and of one that moves."""
MOST_POINTS = 240


@dataclass(frozen=True, eq=False)
class Points:
    """The net that was looked at, and the points of a split. `rows`: how many there are in it. `best_step`: see Subject."""

    name: str
    state: State
    steps: int
    split: str
    rows: int
    best_step: int | None = None


@dataclass(frozen=True, eq=False)
class Unit:
    """What one unit gives at each place, (H, W), top row first; `positive`: the share of places where that is above 0."""

    number: int
    values: NDArray[np.float64]
    positive: float


@dataclass(frozen=True, eq=False)
class Units:
    """The units of a layer."""

    path: str
    kind: str
    units: tuple[Unit, ...]


@dataclass(frozen=True, eq=False)
class PlaneMap:
    """A plane. `low`, `high`: its corners in the data's unit. `labels` (H, W): the class at each place, top row first.

    `sure` (H, W): the probability of that class; None for a net that gives none. `points` (N, 2), in the data's unit, with
    their class `truth` (N,) and what the net says, `said` (N,). `wrong`: how many of all rows of the split.
    """

    seen: Points
    features: tuple[str, ...]
    classes: tuple[str, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    labels: NDArray[np.int64]
    sure: NDArray[np.float64] | None
    points: NDArray[np.float64]
    truth: NDArray[np.int64]
    said: NDArray[np.int64]
    wrong: int
    units: Units | None = None


@dataclass(frozen=True, eq=False)
class Line:
    """A net of one input and one value: `x`, `y` (M,) of the net; points (N,) and their values. `rmse`: of the split."""

    seen: Points
    feature: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    points: NDArray[np.float64]
    values: NDArray[np.float64]
    rmse: float
    units: Units | None = None


def plane_map(
    subject: Subject, split: str, layer: str | None = None, units: bool = False, *,
    size: tuple[int, int] = (ACROSS, DOWN), side: int = UNIT_SIDE,
) -> PlaneMap:  # fmt: skip
    """The plane around the training points, with the points of a split. Raises Unsuited for a layer that is not there.

    `size`: places across and down, `side`: those along the sides of a unit's picture.
    """
    look = Look.at(subject.recipe, subject.network)
    assert look is not None, "suits.check comes first"
    _compile(subject)
    ready, data, rows = subject.ready(), subject.data, subject.rows(split)
    low, high = (_raw(subject, corner[None])[0] for corner in (look.low, look.high))
    across, down = size
    places = ready.predict(_raw(subject, look.places(across, down)))
    assert places.labels is not None
    sure = places.probabilities()[np.arange(len(places.labels)), places.labels] if places.probable else None
    said = ready.predict(data.dataset.columns[INPUTS][rows]).labels
    assert said is not None
    truth = data.dataset.columns["targets"][rows].astype(np.int64)
    few = evenly(len(rows), MOST_POINTS)
    drawn = None
    if units or layer is not None:
        drawn = _units(subject, _raw(subject, look.places(side, side)), (side, side), layer)
    return PlaneMap(
        _seen(subject, split), data.dataset.features, data.dataset.classes, low, high, places.labels.reshape(down, across),
        None if sure is None else sure.astype(np.float64).reshape(down, across),
        data.dataset.columns[INPUTS][rows[few]].astype(np.float64), truth[few], said[few], int((said != truth).sum()),
        drawn,
    )  # fmt: skip


def line_map(subject: Subject, split: str, layer: str | None = None, units: bool = False) -> Line:
    """The function of one input over the range of all points. Raises Unsuited for a layer that is not there."""
    _compile(subject)
    ready, columns, rows = subject.ready(), subject.data.dataset.columns, subject.rows(split)
    inputs = columns[INPUTS].astype(np.float64)
    x = np.linspace(inputs.min(), inputs.max(), 2 * ACROSS)
    y = ready.predict(x[:, None].astype(np.float32)).outputs[:, 0].astype(np.float64)
    said = ready.predict(columns[INPUTS][rows]).outputs[:, 0]
    values = columns["targets"][rows, 0].astype(np.float64)
    few = evenly(len(rows), MOST_POINTS)
    drawn = None
    if units or layer is not None:
        drawn = _units(subject, np.linspace(x[0], x[-1], 4 * UNIT_SIDE)[:, None], (1, 4 * UNIT_SIDE), layer)
    return Line(
        _seen(subject, split), subject.data.dataset.features[0], x, y, inputs[rows[few], 0], values[few],
        float(np.sqrt(np.mean((said - values) ** 2))), drawn,
    )  # fmt: skip


def of_units(infos: Sequence[LayerInfo], layer: str | None) -> list[LayerInfo]:
    """The layers that give a row of units, or those of them that are asked for. Raises Unsuited."""
    return chosen([info for info in infos if len(info.output.shape) == 2], layer)


def _compile(subject: Subject) -> None:
    subject.compile("infer:plain", "infer")


def _seen(subject: Subject, split: str) -> Points:
    return Points(subject.name, subject.state, subject.steps, split, len(subject.rows(split)), subject.best_step)


def _raw(subject: Subject, seen: NDArray[Any]) -> NDArray[np.float64]:
    """Places as the net sees them, in the data's own unit."""
    data = subject.data
    if data.shift is None or data.scale is None:
        return seen.astype(np.float64)
    return seen / data.scale.astype(np.float64) + data.shift.astype(np.float64)


def _units(subject: Subject, places: NDArray[Any], shape: tuple[int, int], layer: str | None) -> Units:
    """What each unit of a layer gives at these places, read from the buffers of inference."""
    columns = {**subject.columns(), COLUMN + INPUTS: np.ascontiguousarray(places, np.float32)}
    inside = Inside.inference(subject.network, columns, np.arange(len(places)))
    path = _chosen(subject, inside, layer)
    values = inside.output(path).reshape(len(places), -1).astype(np.float64)
    found = tuple(
        Unit(number, column.reshape(shape), float((column > 0).mean())) for number, column in enumerate(values.T, 1)
    )
    return Units(path, inside.layer(path).kind, found)


def _chosen(subject: Subject, inside: Inside, layer: str | None) -> str:
    """The path of a layer that was asked for; None: what follows the first layer with weights. Raises Unsuited."""
    flat = of_units(inside.infos, layer)
    if layer is not None:
        return flat[0].path
    weighted = {label.rpartition(".")[0] for label in subject.network.parameters}
    first = next((index for index, info in enumerate(flat) if info.path in weighted), 0)
    behind = flat[first + 1 :]
    return behind[0].path if behind and behind[0].path not in weighted else flat[first].path
