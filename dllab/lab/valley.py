"""A valley as steep as one likes: the loss of a neuron with two weights, on two examples that are chosen for that.

    loss(a, b) = (a^2 + steepness * b^2) / 2, turned by an angle

The examples are (1, 0) and (0, sqrt(steepness)), turned, with targets of 0: their mean square is that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dllab.engine.network import build
from dllab.lab.surface_race import Hiker, Numbers, Pair


class Valley(Hiker):
    """A walk downhill in a valley with an optimizer. `x` (2, 2): the examples. Raises RecipeError for wrong options."""

    def __init__(self, start: Pair, name: str, options: Mapping[str, Any], *, steepness: float, turn: float = 0.0) -> None:
        recipe = {
            "input": [2], "model": [{"dense": {"units": 1, "bias": False}}], "loss": "mse",
            "optimizer": {"name": name, **options},
        }  # fmt: skip
        self.x = examples(steepness, turn)
        super().__init__(build(recipe, dtype="float64"), self.x, np.zeros((2, 1)), start)


def examples(steepness: float, turn: float = 0.0) -> Numbers:
    """The two examples (2, 2); `turn`: of the valley, in degrees."""
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    found: Numbers = np.sqrt([[1.0], [steepness]]) * np.array([[c, s], [-s, c]])
    return found


def height(x: Numbers, points: Numbers) -> Numbers:
    """The loss (N,) at points (N, 2)."""
    found: Numbers = ((points @ x.T) ** 2).mean(axis=-1)
    return found


def slope(x: Numbers, point: Numbers) -> Numbers:
    """The gradient (2,) at a point."""
    found: Numbers = x.T @ (x @ point)
    return found
