"""The perceptron: Rosenblatt's update by hand, and his theorem on AND."""

from __future__ import annotations

import numpy as np
import pytest

import dllab

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
AND, XOR = np.array([0, 0, 0, 1]), np.array([0, 1, 1, 0])


def perceptron(lr: float = 1.0, dtype: str = "float64") -> dllab.Network:
    model = [{"dense": {"units": 1, "init": "zeros"}}]
    recipe = {"input": [2], "model": model, "loss": "perceptron", "optimizer": {"perceptron": lr}, "train": {"batch": 1}}
    return dllab.build(recipe, dtype=dtype)


def mistakes(net: dllab.Network, labels: np.ndarray, epochs: int) -> list[int]:
    """How many rows were answered wrongly in each epoch; checks every update against the rule as published."""
    w, b = np.zeros(2), 0.0
    lr = net.learning_rate
    counts = []
    for _ in range(epochs):
        wrong = 0
        for x, label in zip(X, labels):
            sign = 1.0 if label == 1 else -1.0
            if sign * (w @ x + b) <= 0:
                wrong += 1
                w, b = w + lr * sign * x, b + lr * sign
            net.step(x[None], label[None])
            np.testing.assert_allclose(net.parameters["0_dense.w"][:, 0], w, atol=1e-6)
            np.testing.assert_allclose(net.parameters["0_dense.b"][0], b, atol=1e-6)
        counts.append(wrong)
    return counts


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lr", [1.0, 0.25])
def test_and_is_learnt_after_finitely_many_mistakes(lr: float, dtype: str) -> None:
    net = perceptron(lr, dtype)
    counts = mistakes(net, AND, 20)
    # Novikoff: at most (R / margin)^2 mistakes; |(x, 1)|^2 <= 3, and (1, 1, -1.5) separates with margin 0.5 / sqrt(4.25).
    assert counts[-1] == 0 and sum(counts) <= 3 * 4.25 / 0.25
    np.testing.assert_array_equal((net.forward(X)[:, 0] > 0).astype(int), AND)
    before = net.parameters["0_dense.w"].copy()
    net.step(X, AND)
    np.testing.assert_array_equal(net.parameters["0_dense.w"], before)


def test_on_xor_it_makes_mistakes_for_ever() -> None:
    counts = mistakes(perceptron(), XOR, 40)
    assert min(counts) > 0
