"""Optimizers that race on landscapes: their ways against the papers' formulas in numpy, and what is said of a way."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from marks import compiled_only

from dllab.lab.surface_race import RATES, TERRAINS, TOLERANCE, Walker, arrival, hiker, race, rises
from dllab.losses.surface import LANDSCAPES, Landscape, Surface
from dllab.plan.plan import HISTORY_STEPS
from dllab.recipe import RecipeError, parse

STEPS = 40


def slopes_of_the_bowl(p: np.ndarray) -> np.ndarray:
    return p


def slopes_of_rosenbrock(p: np.ndarray) -> np.ndarray:
    a, b = p
    return np.array([-2 * (1 - a) - 400 * a * (b - a**2), 200 * (b - a**2)])


def by_hand(name: str, start: Any, lr: float, steps: int, slopes: Any = slopes_of_the_bowl) -> np.ndarray:
    """The places (steps + 1, 2), by the formulas of the papers."""
    p, v, m, s = np.array(start), np.zeros(2), np.zeros(2), np.zeros(2)
    places = [p]
    for t in range(1, steps + 1):
        g = slopes(p)
        if name == "sgd":
            p = p - lr * g
        elif name == "momentum":
            v = 0.9 * v + g
            p = p - lr * v
        else:
            m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
            p = p - lr * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
        places.append(p)
    return np.array(places)


@pytest.mark.parametrize(("name", "lr"), [("sgd", 0.3), ("momentum", 0.1), ("adam", 0.2)])
def test_ways_down_the_bowl(name: str, lr: float) -> None:
    found = race("bowl", [(name, {"lr": lr})], STEPS)
    (racer,) = found.racers
    expected = by_hand(name, found.start, lr, STEPS)
    np.testing.assert_allclose(racer.path, expected, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(racer.values, (expected**2).sum(axis=1) / 2, rtol=1e-6, atol=1e-9)
    assert racer.distance == pytest.approx(float(np.linalg.norm(expected[-1])), rel=1e-6, abs=1e-9)
    assert racer.lr == lr and not racer.tuned and racer.diverged is None


@pytest.mark.parametrize(("name", "lr"), [("sgd", 0.002), ("momentum", 0.0005), ("adam", 0.05)])
def test_ways_along_rosenbrocks_valley(name: str, lr: float) -> None:
    (racer,) = race("rosenbrock", [(name, {"lr": lr})], STEPS).racers
    expected = by_hand(name, TERRAINS["rosenbrock"].start, lr, STEPS, slopes_of_rosenbrock)
    np.testing.assert_allclose(racer.path, expected, rtol=1e-6, atol=1e-7)


def test_everybody_starts_alike_and_afresh() -> None:
    found = race("valley", [("momentum", {"lr": 0.01}), ("adam", {}), ("momentum", {"lr": 0.01})], STEPS, (1.5, -0.5))
    first, _, again = found.racers
    assert all(tuple(racer.path[0]) == (1.5, -0.5) for racer in found.racers)
    np.testing.assert_array_equal(first.path, again.path)


def test_a_rate_that_nobody_gave_is_the_lowest_over_the_way() -> None:
    (racer,) = race("valley", [("momentum", {"beta": 0.8})], STEPS).racers
    assert racer.tuned and racer.lr in RATES and racer.options == {"beta": 0.8, "lr": racer.lr}
    walker = Walker("valley", TERRAINS["valley"].start, "momentum", {"beta": 0.8})
    heights = {rate: walker.heights(rate, STEPS) for rate in RATES}
    means = {rate: np.log10(np.maximum(h, TOLERANCE)).mean() for rate, h in heights.items() if np.isfinite(h).all()}
    assert racer.lr == min(means, key=lambda rate: means[rate])
    np.testing.assert_array_equal(racer.values, heights[racer.lr])


def test_a_way_longer_than_the_ring_of_losses() -> None:
    steps = HISTORY_STEPS + 7
    walker = Walker("bowl", (1.0, 1.0), "sgd", {"lr": 1e-4})
    np.testing.assert_allclose(walker.heights(1e-4, steps), (1 - 1e-4) ** (2 * np.arange(steps + 1)), rtol=1e-9)


def test_who_diverges_is_gone_from_then_on() -> None:
    (racer,) = race("beale", [("sgd", {"lr": 5.0})], STEPS).racers
    assert racer.diverged is not None and racer.diverged < STEPS and racer.arrived is None
    assert np.isfinite(racer.path[: racer.diverged]).all() and np.isfinite(racer.values[: racer.diverged]).all()
    assert np.isnan(racer.path[racer.diverged :]).all() and np.isnan(racer.values[racer.diverged :]).all()
    walker = Walker("beale", TERRAINS["beale"].start, "sgd", {"lr": 5.0})
    np.testing.assert_array_equal(walker.heights(5.0, STEPS), racer.values)


def test_there_is_who_stays() -> None:
    near, far = TOLERANCE / 2, 2 * TOLERANCE
    assert arrival(np.array([1.0, near, far, near, 0.0]), 0.0) == 3, "passing through does not count"
    assert arrival(np.array([near, 0.0]), 0.0) == 0
    assert arrival(np.array([0.0, far]), 0.0) is None
    assert arrival(np.array([0.0, np.nan]), 0.0) is None
    assert arrival(np.array([1.0, -0.2495]), -0.25) == 1


@pytest.mark.parametrize("surface", LANDSCAPES)
def test_what_is_known_of_a_landscape(surface: Any) -> None:
    terrain = TERRAINS[surface]
    page = " ".join((Surface.__doc__ or "").split())
    assert f"- {surface}: {terrain.formula}. " in page
    found = race(surface, [("sgd", {"lr": 1e-9})], 1)
    formula = re.sub(r"(?<=[\w)]) (?=[ab(])", "*", terrain.formula.replace("^", "**"))
    a, b = found.x[None, :], found.y[:, None]
    np.testing.assert_allclose(found.heights, eval(formula, {"a": a, "b": b}), rtol=1e-9, atol=1e-12)
    assert found.heights.min() >= found.minimum - 1e-12
    for place in terrain.minima:
        (there,) = race(surface, [("sgd", {"lr": 1e-9})], 1, place).racers
        assert there.values[0] == pytest.approx(found.minimum, abs=1e-12) and there.distance < 1e-6
    (left, right), (bottom, top) = terrain.box
    assert all(left < a < right and bottom < b < top for a, b in [*terrain.minima, terrain.start])


def test_a_start_outside_lies_on_a_larger_map() -> None:
    found = race("bowl", [("sgd", {"lr": 0.1})], 3, (9.0, -7.0))
    assert found.x[-1] > 9.0 and found.y[0] < -7.0


def test_other_seeds_start_elsewhere() -> None:
    starts = [race("beale", [("sgd", {"lr": 0.01})], 2, seed=seed).start for seed in (0, 1, 1, 2)]
    assert starts[0] == TERRAINS["beale"].start and starts[1] == starts[2] and len(set(starts)) == 3


@pytest.mark.parametrize("options", [{"lr": -1}, {"speed": 3}])
def test_options_that_an_optimizer_has_not(options: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        race("bowl", [("sgd", options)], 3)


@compiled_only
def test_the_limit_of_going_down_is_two_over_the_curvature() -> None:
    """Of SGD on quadratics, wherever the point has been before."""
    quadratics: tuple[tuple[Landscape, float], ...] = (("valley", 25.0), ("bowl", 1.0))
    for surface, steepest in quadratics:
        walker = Walker(surface, (-2.2, 0.8), "sgd", {})
        walker.heights(100.0, 50)
        assert walker.curvature == pytest.approx(steepest)
        assert walker.limit(10 / steepest) == pytest.approx(2 / steepest, rel=1e-5)
        assert walker.bears(10 / steepest) == pytest.approx(2 / steepest, rel=1e-3)
        ball = Walker(surface, (-2.2, 0.8), "momentum", {"beta": 0.9})
        assert ball.limit(10 / steepest) < 0.1 / steepest, "it swings over the bottom, and up"
        assert ball.bears(10 / steepest) == pytest.approx(2 * 1.9 / steepest, rel=1e-3), "and ends there all the same"
    text = "{input: [1], model: [point: [0.0, 0.8]], loss: {surface: valley}, optimizer: {sgd: 0.01}}"
    np.testing.assert_allclose(hiker(parse(text)).heights(0.01, 2), 8 * np.array([1, 0.75, 0.75**2]) ** 2)


def test_what_counts_as_a_rise() -> None:
    assert rises(np.array([3.0, 2.0, 2.0, 2.5, np.nan, np.nan])) == 3
