"""The layer `point` and the loss `surface`, and every optimizer on surfaces and on a linear fit: one table drives all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from walks import train, walk

import dllab
from dllab import catalogue
from dllab.core.settings import jit_enabled
from dllab.engine.network import Network
from dllab.losses.surface import LANDSCAPES
from dllab.optim.optimizer import Optimizer
from dllab.recipe import RecipeError
from dllab.schedules.cosine import Cosine

HEIGHTS = {
    "bowl": lambda a, b: (a**2 + b**2) / 2,
    "valley": lambda a, b: (a**2 + 25 * b**2) / 2,
    "rosenbrock": lambda a, b: (1 - a) ** 2 + 100 * (b - a**2) ** 2,
    "saddle": lambda a, b: (a**2 - b**2) / 2 + b**4 / 4,
    "beale": lambda a, b: (1.5 - a + a * b) ** 2 + (2.25 - a + a * b**2) ** 2 + (2.625 - a + a * b**3) ** 2,
    "himmelblau": lambda a, b: (a**2 + b - 11) ** 2 + (a + b**2 - 7) ** 2,
}
MINIMA = {"bowl": (0, 0, 0), "valley": (0, 0, 0), "rosenbrock": (1, 1, 0), "saddle": (0, 1, -0.25), "beale": (3, 0.5, 0),
          "himmelblau": (3, 2, 0)}  # fmt: skip


def standing(surface: str, start: list[float], dtype: str = "float64") -> Network:
    recipe = {"input": [1], "model": [{"point": start}], "loss": {"surface": surface}, "optimizer": {"sgd": 0.1}}
    return dllab.build(recipe, dtype=dtype)


# ---- the surfaces --------------------------------------------------------------------------------------------------


def test_every_landscape_has_a_formula_here() -> None:
    assert set(HEIGHTS) == set(LANDSCAPES) == set(MINIMA)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("surface", LANDSCAPES)
def test_heights_and_slopes(surface: str, dtype: str) -> None:
    net, f, h = standing(surface, [0.0, 0.0], dtype), HEIGHTS[surface], 1e-6
    for a, b in np.random.default_rng(1).uniform(-2.0, 2.0, size=(20, 2)):
        net.parameters["0_point.p"][...] = a, b
        a, b = net.parameters["0_point.p"].astype(np.float64)
        loss, gradients = net.loss_and_gradients(np.zeros((1, 1)), None)
        exact = [(f(a + h, b) - f(a - h, b)) / (2 * h), (f(a, b + h) - f(a, b - h)) / (2 * h)]
        size = max(abs(exact[0]), abs(exact[1]), 1.0)
        tolerance = 3e-6 if dtype == "float32" else 1e-8
        np.testing.assert_allclose(loss, f(a, b), rtol=0, atol=tolerance * max(size, abs(f(a, b))))
        np.testing.assert_allclose(gradients["0_point.p"], exact, rtol=0, atol=tolerance * size)


@pytest.mark.parametrize("surface", LANDSCAPES)
def test_minima_are_where_the_page_says(surface: str) -> None:
    a, b, low = MINIMA[surface]
    loss, gradients = standing(surface, [float(a), float(b)]).loss_and_gradients(np.zeros((1, 1)), None)
    assert loss == pytest.approx(low, abs=1e-12)
    np.testing.assert_allclose(gradients["0_point.p"], 0.0, atol=1e-12)


def test_the_number_of_rows_and_what_is_in_them_do_not_matter() -> None:
    net = standing("beale", [0.5, 1.5])
    once, many = (net.loss_and_gradients(x, None) for x in (np.zeros((1, 1)), np.full((7, 1), 9.0)))
    assert once[0] == pytest.approx(many[0], rel=1e-14)
    np.testing.assert_allclose(once[1]["0_point.p"], many[1]["0_point.p"], rtol=1e-13)


def test_a_point_says_what_it_is() -> None:
    net = dllab.build({"input": [3], "model": [{"point": {"size": 2, "init": {"constant": 2.5}}}], "loss": "surface"})
    np.testing.assert_array_equal(net.forward(np.zeros((4, 3))), np.full((4, 2), 2.5))
    assert net.output_shape == (2,) and list(net.parameters) == ["0_point.p"]
    assert not dllab.build({"input": [1], "model": ["point"], "loss": "surface"}).parameters["0_point.p"].any()


def test_a_point_cuts_the_gradient_of_what_is_below_it() -> None:
    model = [{"dense": 2}, {"point": [1.0, 2.0]}]
    net = dllab.build({"input": [2], "model": model, "loss": "surface"})
    _, gradients = net.loss_and_gradients(np.ones((3, 2)), None)
    assert not gradients["0_dense.w"].any() and not gradients["0_dense.b"].any()
    np.testing.assert_allclose(gradients["1_point.p"], [1.0, 2.0], rtol=1e-6)


@pytest.mark.parametrize("model", [[{"point": [1.0, 2.0, 3.0]}], [{"dense": 1}]], ids=str)
def test_a_surface_has_two_coordinates(model: list[Any]) -> None:
    with pytest.raises(RecipeError, match="surface is the height at two outputs"):
        dllab.build({"input": [4], "model": model, "loss": "surface"})


@pytest.mark.parametrize("options", [{"start": [1.0], "size": 1}, {"start": [1.0], "init": "zeros"}, {"start": []}])
def test_a_point_begins_in_one_way(options: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        dllab.build({"input": [1], "model": [{"point": options}], "loss": "mse"})


# ---- the optimizers on them ----------------------------------------------------------------------------------------

# Learning rates for the bowl from (3, -4), Rosenbrock from (-1.2, 1), and a linear fit. All end with a cosine: lion and
# muon step by the sign or by size 1 and would go round the minimum for ever.
RATES: dict[str, tuple[float, float, float]] = {
    "sgd": (0.3, 0.0025, 0.1),
    "momentum": (0.1, 0.001, 0.03),
    "nesterov": (0.1, 0.001, 0.03),
    "adagrad": (1.5, 0.7, 0.5),
    "rmsprop": (0.1, 0.01, 0.03),
    "adam": (0.3, 0.05, 0.1),
    "adamw": (0.3, 0.05, 0.1),
    "lion": (0.1, 0.01, 0.03),
    "muon": (0.3, 0.05, 0.1),
    "perceptron": (0.3, 0.0025, 0.1),
}
STEPS = 1500
COSINE = Cosine().factors(np.arange(STEPS), STEPS)

compiled_only = pytest.mark.skipif(not jit_enabled(), reason="thousands of steps take minutes without JIT")


def test_every_optimizer_is_in_the_table() -> None:
    found = {name for name, part in catalogue.parts("optimizers").items() if issubclass(part, Optimizer)}
    assert found == set(RATES)


def chain(name: str, rate: float) -> list[dict[str, Any]]:
    options = {"lr": rate} | {"adamw": {"weight_decay": 0.0}, "muon": {"rest_lr": rate}}.get(name, {})
    return [{"clip_norm": 100.0}, {name: options}]


@compiled_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", RATES)
def test_all_come_down_to_the_bottom_of_the_bowl(name: str, dtype: str) -> None:
    losses, end = walk("bowl", [3.0, -4.0], chain(name, RATES[name][0]), STEPS, COSINE, dtype)
    assert losses[0] == pytest.approx(12.5)
    np.testing.assert_allclose(end, [0.0, 0.0], atol=1e-3)


@compiled_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", RATES)
def test_all_follow_rosenbrocks_valley(name: str, dtype: str) -> None:
    losses, end = walk("rosenbrock", [-1.2, 1.0], chain(name, RATES[name][1]), 4 * STEPS, np.repeat(COSINE, 4), dtype)
    assert losses[0] == pytest.approx(24.2, rel=1e-6)
    np.testing.assert_allclose(end, [1.0, 1.0], atol=0.1)
    assert losses[-1] < 0.002


@compiled_only
@pytest.mark.parametrize("batch", [1, 8, 40])
@pytest.mark.parametrize("name", RATES)
def test_all_fit_a_line_with_batches_of_one_of_some_and_of_all(name: str, batch: int) -> None:
    random = np.random.default_rng(0)
    x, w = random.normal(size=(40, 3)), np.array([[1.0, -2.0], [0.5, 0.0], [-1.0, 3.0]])
    y = x @ w + np.array([[0.5, -0.5]])
    recipe = {"input": [3], "model": [{"dense": 2}], "loss": "mse", "optimizer": chain(name, RATES[name][2])}
    net = dllab.build(recipe, seed=1)
    losses = train(net, x, y, batch, STEPS, COSINE)
    assert losses[0] > 0.5
    np.testing.assert_allclose(net.parameters["0_dense.w"], w, atol=0.02)
    np.testing.assert_allclose(net.parameters["0_dense.b"], [0.5, -0.5], atol=0.02)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.05, 1.95), st.floats(-3, 3), st.floats(-3, 3))
def test_descent_on_the_bowl_shrinks_by_one_minus_lr_each_step(lr: float, a: float, b: float) -> None:
    _, end = walk("bowl", [a, b], {"sgd": lr}, 12, dtype="float64")
    np.testing.assert_allclose(end, np.array([a, b]) * (1.0 - lr) ** 12, rtol=1e-9, atol=1e-12)


def test_descent_needs_a_rate_below_two_over_the_largest_curvature() -> None:
    limit = 2 / 25
    below, above = (walk("valley", [1.0, 1.0], {"sgd": f * limit}, 60, dtype="float64")[0] for f in (0.99, 1.01))
    assert np.all(np.diff(below) < 0) and below[-1] < 0.2 * below[0]
    assert np.all(np.diff(above)[5:] > 0) and above[-1] > above[0]


@compiled_only
def test_momentum_and_adam_cross_the_valley_in_fewer_steps_than_descent() -> None:
    def needed(name: str) -> int:
        best = STEPS
        for rate in np.geomspace(0.003, 1.0, 25):
            losses, _ = walk("valley", [5.0, 1.0], {name: float(rate)}, 300)
            low = np.flatnonzero(~(losses > 1e-3))
            if len(losses) == 300 and len(low):
                best = min(best, int(low[0]))
        return best

    assert needed("momentum") < needed("sgd") and needed("adam") < needed("sgd")
