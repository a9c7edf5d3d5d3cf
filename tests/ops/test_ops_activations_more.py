"""What single activations promise beyond their formula: softmax, step, identity."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from kernels import PRECISIONS, plain, run

import dllab
from dllab import catalogue
from dllab.ops import softmax
from dllab.recipe import RecipeError

in_both = pytest.mark.parametrize("precision", PRECISIONS)
SCORES = st.floats(-1e4, 1e4, width=32)
ROWS = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=SCORES)
TEMPERATURES = st.sampled_from([0.01, 0.5, 1.0, 7.0, 1e6])


def probabilities(x, temperature=1.0):
    y = np.empty_like(x)
    run(softmax.forward, x.dtype.name, y=y, x=x, temperature=temperature)
    return y


@given(ROWS, TEMPERATURES)
def test_softmax_rows_are_probabilities_in_the_order_of_the_scores(x, temperature):
    y = probabilities(x, temperature)
    assert (y >= 0).all()
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=2e-6)
    for scores, row in zip(x, y):
        assert (np.diff(row[np.argsort(scores)]) >= 0).all()


@given(arrays(np.float64, (3, 6), elements=st.integers(-50, 50)), st.integers(-(10**6), 10**6), TEMPERATURES)
def test_softmax_does_not_see_a_shift(x, shift, temperature):
    np.testing.assert_array_equal(probabilities(x + shift, temperature), probabilities(x, temperature))


@given(ROWS, TEMPERATURES)
def test_softmax_gradients_of_a_row_add_up_to_0(x, temperature):
    x = np.ascontiguousarray(x % 9, np.float64)
    dx, dy = np.empty_like(x), np.cos(np.arange(x.size, dtype=float)).reshape(x.shape)
    run(softmax.backward, "float64", dx=dx, dy=dy, y=probabilities(x, temperature), temperature=temperature)
    assert abs(dx.sum(axis=1) * temperature).max() < 1e-13


@in_both
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 7, 8, 15, 16, 33, 70])
def test_softmax_finds_the_largest_score_in_any_place(precision, width):
    x = np.full((width, width), -3e4, precision)
    np.fill_diagonal(x, 3e4)
    np.testing.assert_array_equal(probabilities(x), np.eye(width))


@in_both
def test_softmax_of_infinities(precision):
    inf = math.inf
    x = np.array([[1, -inf, 1, -inf], [-inf] * 4, [0, inf, 0, 0], [0, 0, 0, 0]], precision)
    with np.errstate(all="ignore"):
        y = probabilities(x)
    np.testing.assert_array_equal(y, [[0.5, 0, 0.5, 0], [math.nan] * 4, [math.nan] * 4, [0.25] * 4])


@in_both
def test_softmax_in_plain_python_raises_no_warning(precision):
    x = np.array([[1e4, -1e4, 0]], precision)
    y = np.empty_like(x)
    plain(softmax.forward, precision, y=y, x=x, temperature=0.5)
    np.testing.assert_array_equal(y, [[1, 0, 0]])


def test_softmax_is_merged_with_cross_entropy_only_at_temperature_1():
    x, labels = np.random.default_rng(0).normal(size=(6, 4)), np.array([0, 1, 2, 0, 1, 2])
    losses = {}
    for temperature in (1.0, 2.0):
        model = [{"dense": 3}, {"softmax": temperature}]
        net = dllab.build({"input": [4], "model": model, "loss": "cross_entropy"}, dtype="float64")
        losses[temperature] = net.loss_and_gradients(x, labels)[0]
        if temperature == 1.0:
            likelihood = net.forward(x)[np.arange(6), labels]
            assert losses[temperature] == pytest.approx(-np.log(likelihood).mean(), rel=1e-12)
    assert losses[1.0] != losses[2.0]


def test_a_step_unit_learns_and_by_the_perceptron_rule():
    model = [{"dense": {"units": 1, "init": "zeros"}}, "step"]
    recipe = {"input": [2], "model": model, "loss": "perceptron", "optimizer": "perceptron"}
    net = dllab.build(recipe)
    x, both = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 0, 0, 1])
    for _ in range(20):
        for row in range(4):
            net.step(x[row : row + 1], both[row : row + 1])
    np.testing.assert_array_equal(net.forward(x)[:, 0], both)


def test_step_stops_all_learning_below():
    net = dllab.build({"input": [2], "model": [{"dense": 5}, "step", {"dense": 2}], "loss": "mse"})
    gradients = net.loss_and_gradients(np.ones((3, 2)), np.ones((3, 2)))[1]
    assert not gradients["0_dense.w"].any()
    assert gradients["2_dense.w"].any()


def test_identity_adds_nothing_to_the_plan():
    dense = [{"dense": 3}, {"dense": 2}]
    nets = [dllab.build({"input": [4], "model": m}) for m in (dense, [dense[0], "identity", dense[1]])]
    rows = [[row.kernel.title for row in net.plan.program("infer:plain").rows if row.kernel] for net in nets]
    assert rows[0] == rows[1]


BEYOND = [
    ("leaky_relu", -0.1), ("leaky_relu", 1.5), ("leaky_relu", "nan"), ("leaky_relu", "steep"), ("elu", 0), ("elu", -1.0),
    ("elu", 1e9), ("softmax", 0), ("softmax", -1), ("softmax", 1e-9), ("gelu", "sigmoid"), ("gelu", True), ("relu", 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BEYOND, ids=str)
def test_options_beyond_their_range_are_refused(name, value):
    value = math.nan if value == "nan" else value
    with pytest.raises(RecipeError, match=name):
        dllab.build({"input": [2], "model": [{name: value}]})


@pytest.mark.parametrize(("name", "short", "options"), [
    ("leaky_relu", 0.2, {"slope": 0.2}), ("elu", 2, {"alpha": 2.0}), ("softmax", 0.5, {"temperature": 0.5}),
    ("gelu", "tanh", {"approximate": "tanh"}),
])  # fmt: skip
def test_the_short_form_sets_the_main_option(name, short, options):
    net = dllab.build({"input": [2], "model": [{name: short}]})
    assert net.recipe.model[0].part == catalogue.find("layers", name)(**options)
