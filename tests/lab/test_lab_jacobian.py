"""The Jacobian by differences: that of a dense layer is its weights, that of a convolution has zeros."""

from __future__ import annotations

import numpy as np

from dllab.engine.network import build
from dllab.lab.jacobian import jacobian


def test_that_of_a_dense_layer_is_its_weights() -> None:
    made = build({"input": [3], "model": [{"dense": 2}]}, dtype="float64")
    found = jacobian(made, [1.0, -2.0, 0.5])
    assert found.shape == (3, 2) and np.allclose(found, made.parameters["0_dense.w"], rtol=0, atol=1e-10)


def test_that_of_a_curve_is_its_slope() -> None:
    made = build({"input": [2], "model": ["tanh"]}, dtype="float64")
    x = np.array([0.3, -1.2])
    assert np.allclose(jacobian(made, x), np.diag(1 - np.tanh(x) ** 2), rtol=0, atol=1e-8)


def test_it_is_zero_where_a_filter_does_not_look() -> None:
    made = build({"input": [5, 5, 1], "model": [{"conv": {"units": 2, "padding": "same"}}]}, dtype="float64")
    found = jacobian(made, np.ones((5, 5, 1)))
    assert found.shape == (5, 5, 1, 5, 5, 2)
    seen = found[:, :, 0, 2, 2, 0] != 0
    assert seen.sum() == 9 and seen[1:4, 1:4].all()
