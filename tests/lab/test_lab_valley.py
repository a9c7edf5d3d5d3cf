"""The valley of two weights: its height and slope by the formula, straight and turned, and the engine's walk in it."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.lab.surface_race import arrival
from dllab.lab.valley import Valley, best_beta, by_formula, examples, fewest, height, slope, turned

START = (-1.5, 0.8)


@pytest.mark.parametrize("turn", [0.0, 30.0])
def test_height_and_slope_are_those_of_the_formula(turn: float) -> None:
    """Wherever the valley points, the same place in it is as high."""
    x, point = examples(400.0, turn), np.array(turned(START, turn))
    assert height(x, point[np.newaxis])[0] == pytest.approx((START[0] ** 2 + 400 * START[1] ** 2) / 2)
    assert slope(x, point) == pytest.approx(turned((START[0], 400 * START[1]), turn))


@pytest.mark.parametrize("turn", [0.0, 45.0])
def test_the_engine_walks_in_it(turn: float) -> None:
    """Plain descent: p - rate * slope, and the heights on the way."""
    valley = Valley(START, "sgd", {}, steepness=25.0, turn=turn)
    path, values = valley.walk(0.03, 40)
    point = np.array(valley.start)
    for step in range(41):
        assert path[step] == pytest.approx(point, abs=1e-12)
        point = point - 0.03 * slope(valley.x, point)
    assert values == pytest.approx(height(valley.x, path))
    assert np.array_equal(valley.heights(0.03, 40), values)


def test_a_turn_changes_nothing_for_momentum_but_much_for_adam() -> None:
    """Momentum's steps do not know the axes; Adam divides along them."""

    def steps(name: str, rate: float, turn: float) -> int | None:
        return arrival(Valley(START, name, {}, steepness=400.0, turn=turn).heights(rate, 600), 0.0)

    assert steps("momentum", 0.003, 0.0) == steps("momentum", 0.003, 30.0) is not None
    straight, askew = steps("adam", 0.06, 0.0), steps("adam", 0.06, 45.0)
    assert straight is not None and (askew is None or askew > 2 * straight)


@pytest.mark.parametrize(("name", "rate"), [("momentum", 0.01), ("rmsprop", 0.02), ("adam", 0.1)])
def test_the_engine_goes_the_way_of_the_formula(name: str, rate: float) -> None:
    valley = Valley(START, name, {}, steepness=25.0, turn=10.0)
    path, _ = valley.walk(rate, 50)
    assert path == pytest.approx(by_formula(name, valley, rate, 50), abs=1e-12)
    assert abs(path[50] - path[0]).max() > 0.1


def test_the_best_rate_is_that_with_the_fewest_steps() -> None:
    """In a round bowl plain descent gets there in one step, with the rate 1; 0.5 takes more, 3 never does."""
    bowl = Valley(START, "sgd", {}, steepness=1.0)
    assert fewest(bowl, [0.5, 1.0, 3.0], 100) == (1, 1.0)
    assert fewest(bowl, [3.0], 100) == (100, 3.0)


def test_no_other_beta_is_as_fast() -> None:
    """A step is a matrix on (w, v) in each of the two directions: the long run goes by its largest eigenvalue."""
    steepness, rates = 100.0, np.geomspace(1e-3, 0.1, 2000)

    def slowest(beta: float, rate: float) -> float:
        steps = [np.array([[1 - rate * bend, -rate * beta], [bend, beta]]) for bend in (1.0, steepness)]
        return max(float(abs(np.linalg.eigvals(step)).max()) for step in steps)

    def at_best(beta: float) -> float:
        return min(slowest(beta, rate) for rate in rates)

    best = best_beta(steepness)
    assert best == pytest.approx((9 / 11) ** 2) and best_beta(1.0) == 0
    assert at_best(best) == pytest.approx(best**0.5, rel=0.02)
    assert at_best(best) < min(at_best(best - 0.05), at_best(best + 0.05))
