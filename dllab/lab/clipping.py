"""What clipping does to gradients: how long each is before and after it, and by how much it turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dllab.engine.network import build
from dllab.engine.prepare import data_of
from dllab.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Clipping:
    """Of each step (S,): the gradient's length `before` and `after`, their `cosine`, and the angle in degrees."""

    before: NDArray[np.float64]
    after: NDArray[np.float64]
    cosine: NDArray[np.float64]
    turned: NDArray[np.float64]


def clipping(recipe: Recipe, *, seed: int = 0, steps: int = 50) -> Clipping:
    """Of the first steps of a training with plain `sgd`, whose steps divided by the rate are the gradients it went by."""
    net, data = build(recipe, seed=seed, dtype="float64"), data_of(recipe)
    train, batch = data.splits.train, recipe.train.batch
    size = len(train) if batch == "full" else int(batch)
    found = []
    for step in range(steps):
        rows = train.take(range(step * size, step * size + size), mode="wrap")
        x, y = data.seen(rows), data.targets(rows)
        before = _flat(net.loss_and_gradients(x, y)[1])
        weights = _flat(net.parameters)
        net.step(x, y)
        found.append(_compared(before, (weights - _flat(net.parameters)) / net.learning_rate))
    return Clipping(*np.array(found).T)


def _flat(arrays: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate([values.ravel() for values in arrays.values()])


def _compared(before: NDArray[np.float64], after: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Both lengths, cosine and angle; the angle as Kahan has it, since an arc cosine is rough near 1."""
    lengths = float(np.linalg.norm(before)), float(np.linalg.norm(after))
    one, other = before / lengths[0], after / lengths[1]
    angle = 2 * np.arctan2(np.linalg.norm(one - other), np.linalg.norm(one + other))
    return *lengths, float(one @ other), float(np.degrees(angle))
