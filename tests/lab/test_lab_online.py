"""Rosenblatt's rule row by row: it ends on AND, and goes round on XOR."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.engine.network import build
from dllab.lab.online import Walk, walk

X = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])


def rule(gate: str) -> Walk:
    labels = {"and": [0, 0, 0, 1], "xor": [0, 1, 1, 0]}[gate]
    return walk(build("perceptron", [f"data={gate}"], dtype="float64"), X, labels, 20, seed=1)


def by_hand(labels: list[int], epochs: int) -> tuple[list[list[int]], list[int]]:
    """Rosenblatt's rule with plain numbers."""
    order, w, ends, corrections = np.random.default_rng(1).permutation(4), [0, 0, 0], [], []
    for _ in range(epochs):
        count = 0
        for row in order:
            (x1, x2), sign = X[row], 2 * labels[row] - 1
            if sign * (w[0] * x1 + w[1] * x2 + w[2]) <= 0:
                w, count = [w[0] + sign * x1, w[1] + sign * x2, w[2] + sign], count + 1
        ends.append(list(w))
        corrections.append(count)
    return ends, corrections


@pytest.mark.parametrize(("gate", "labels"), [("and", [0, 0, 0, 1]), ("xor", [0, 1, 1, 0])])
def test_weights_and_corrections_are_those_of_the_rule(gate: str, labels: list[int]) -> None:
    ends, corrections = by_hand(labels, 20)
    found = rule(gate)
    assert found.weights.tolist() == ends and found.corrections.tolist() == corrections


def test_it_ends_where_a_line_separates() -> None:
    found = rule("and")
    assert found.converged is not None and (found.right[found.converged - 1] == 1).all()
    assert (found.corrections[found.converged :] == 0).all()


def test_it_goes_round_where_none_does() -> None:
    found = rule("xor")
    assert found.converged is None and found.again is not None
    back = found.again - 1
    assert any((found.weights[back] == found.weights[epoch]).all() for epoch in range(back))
    assert found.right.max() <= 0.75


def test_weights_that_never_come_back() -> None:
    weights = np.array([[0.0, 1.0], [0.0, 2.0]])
    assert Walk(np.ones((2, 1)), np.ones(2, np.int64), weights).again is None
    assert Walk(np.ones((2, 1)), np.ones(2, np.int64), np.array([[0.0], [-0.0]])).again == 2
