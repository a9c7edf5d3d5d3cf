"""The valley of two weights: its height and slope by the formula, straight and turned, and the engine's walk in it."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.lab.surface_race import arrival
from dllab.lab.valley import Valley, examples, height, slope

START = (-1.5, 0.8)


@pytest.mark.parametrize("turn", [0.0, 30.0])
def test_height_and_slope_are_those_of_the_formula(turn: float) -> None:
    """Turned back by the angle, the point lies in the straight valley."""
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    a, b = np.array([[c, s], [-s, c]]) @ START
    x = examples(400.0, turn)
    assert height(x, np.array([START]))[0] == pytest.approx((a**2 + 400 * b**2) / 2)
    back = np.array([[c, -s], [s, c]]) @ [a, 400 * b]
    assert slope(x, np.array(START)) == pytest.approx(back)


@pytest.mark.parametrize("turn", [0.0, 45.0])
def test_the_engine_walks_in_it(turn: float) -> None:
    """Plain descent: p - rate * slope, and the heights on the way."""
    valley = Valley(START, "sgd", {}, steepness=25.0, turn=turn)
    path, values = valley.walk(0.03, 40)
    point = np.array(START)
    for step in range(41):
        assert path[step] == pytest.approx(point, abs=1e-12)
        point = point - 0.03 * slope(valley.x, point)
    assert values == pytest.approx(height(valley.x, path))
    assert np.array_equal(valley.heights(0.03, 40), values)


def test_a_turn_changes_nothing_for_momentum_but_much_for_adam() -> None:
    """Momentum's steps do not know the axes; Adam divides along them."""

    def steps(name: str, rate: float, turn: float) -> int | None:
        c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        start = tuple(np.array([[c, -s], [s, c]]) @ START)
        return arrival(Valley(start, name, {}, steepness=400.0, turn=turn).heights(rate, 600), 0.0)

    assert steps("momentum", 0.003, 0.0) == steps("momentum", 0.003, 30.0) is not None
    straight, turned = steps("adam", 0.06, 0.0), steps("adam", 0.06, 45.0)
    assert straight is not None and (turned is None or turned > 2 * straight)
