"""Nets that are nothing but a bias, against the formulas of their losses."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.engine.network import Network, build
from dllab.lab.bias_only import charged, fitted, steps_until


def bias(loss: str, *layers: str, units: int = 1) -> Network:
    recipe = {"input": [1], "model": [{"dense": units}, *layers], "loss": loss, "optimizer": {"sgd": 1.0}}
    return build(recipe, dtype="float64")


def test_losses_and_slopes_of_chosen_scores() -> None:
    z = np.array([-3.0, 0.0, 2.0])
    p = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(
        charged(bias("binary_cross_entropy", "sigmoid"), z[:, None]), np.stack([-np.log(p), p - 1], 1)
    )
    expected = np.stack([(1 - p) ** 2, 2 * (p - 1) * p * (1 - p)], 1)
    np.testing.assert_allclose(charged(bias("mse", "sigmoid"), z[:, None]), expected)
    both = charged(bias("cross_entropy", "softmax", units=2), np.stack([0 * z, z], 1))
    np.testing.assert_allclose(both, np.stack([-np.log(p), p - 1], 1))


def test_one_number_for_many() -> None:
    values = np.concatenate([np.linspace(-1, 1, 41), np.full(10, 8.0)])
    assert fitted(bias("mse"), values) == pytest.approx(values.mean(), abs=1e-9)
    assert fitted(bias("mae"), values) == pytest.approx(np.median(values), abs=1e-3)


def test_steps_are_those_of_the_formula() -> None:
    """By hand: z += 1 - p for cross-entropy, until p is 0.9."""
    z, count = -6.0, 0
    while z < np.log(9):
        z, count = z + 1 - 1 / (1 + np.exp(-z)), count + 1
    net = bias("binary_cross_entropy", "sigmoid")
    assert steps_until(net, -6.0, float(np.log(9))) == count
    assert steps_until(net, -6.0, 5.0, most=3) == 3
    assert steps_until(net, 1.0, 0.5) == 0
