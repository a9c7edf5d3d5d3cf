"""A valley as steep as one likes: the loss of a neuron with two weights, on two examples that are chosen for that.

    loss(a, b) = (a^2 + steepness * b^2) / 2, turned by an angle

The examples are (1, 0) and (0, sqrt(steepness)), turned, with targets of 0: their mean square is that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dllab.engine.network import build
from dllab.lab.surface_race import Hiker, Numbers, Pair, arrival


class Valley(Hiker):
    """A walk downhill in a valley with an optimizer. `x` (2, 2): the examples. Raises RecipeError for wrong options.

    `start` is given as how far along the valley and across it, and kept as the two weights there.
    """

    def __init__(self, start: Pair, name: str, options: Mapping[str, Any], *, steepness: float, turn: float = 0.0) -> None:
        recipe = {
            "input": [2], "model": [{"dense": {"units": 1, "bias": False}}], "loss": "mse",
            "optimizer": {"name": name, **options},
        }  # fmt: skip
        self.x = examples(steepness, turn)
        self.start = turned(start, turn)
        super().__init__(build(recipe, dtype="float64"), self.x, np.zeros((2, 1)), self.start)


def turned(place: Pair, turn: float) -> Pair:
    """The weights at a place in the valley that is turned."""
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return float(c * place[0] - s * place[1]), float(s * place[0] + c * place[1])


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


def fewest(hiker: Hiker, rates: Sequence[float], most: int) -> tuple[int, float]:
    """The fewest steps down to the bottom that any of the rates takes, and that rate; `most`, where none gets there."""
    return min((arrival(hiker.heights(rate, most), 0.0) or most, rate) for rate in rates)


def best_beta(steepness: float) -> float:
    """The beta with which momentum is fastest at its best rate, in the long run (Polyak 1964)."""
    return float(((steepness**0.5 - 1) / (steepness**0.5 + 1)) ** 2)


def by_formula(name: str, valley: Valley, lr: float, steps: int, beta: float = 0.9) -> Numbers:
    """The way (steps + 1, 2) that the papers' formulas take with the usual options: momentum, rmsprop or adam."""
    w, m, s = np.array(valley.start), np.zeros(2), np.zeros(2)
    way = [w]
    for t in range(1, steps + 1):
        g = slope(valley.x, w)
        if name == "momentum":
            m = beta * m + g
            w = w - lr * m
        elif name == "rmsprop":
            s = 0.9 * s + 0.1 * g**2
            w = w - lr * g / (np.sqrt(s) + 1e-8)
        else:
            m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
            w = w - lr * m / (1 - 0.9**t) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
        way.append(w)
    return np.array(way)
