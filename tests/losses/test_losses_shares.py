"""Losses of labels on shares of classes: the mean of the losses of the classes, each times its share."""

from __future__ import annotations

import numpy as np
import pytest
from losses_naive import compiled, naive

CASES = [
    ("cross_entropy", 3, {}),
    ("cross_entropy", 4, {"label_smoothing": 0.1}),
    ("cross_entropy", 3, {"label_smoothing": 0.2, "class_weights": [0.5, 2.0, 1.0]}),
    ("binary_cross_entropy", 1, {"label_smoothing": 0.1, "positive_weight": 3.0}),
    ("binary_cross_entropy", 3, {"label_smoothing": 0.1, "positive_weight": 3.0}),
    ("binary_cross_entropy", 2, {}),
]
every = pytest.mark.parametrize(("name", "columns", "options"), CASES)


def drawn(columns, rows, spread=2.0):
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.full(max(columns, 2), 0.3), rows)
    return spread * rng.normal(size=(rows, columns)), shares


def mixed(name, x, shares, options):
    """The loss and its gradient from those of whole labels."""
    loss, slopes = 0.0, np.zeros_like(x)
    for n in range(len(x)):
        for k, share in enumerate(shares[n]):
            one, slope = naive(name, x[n : n + 1], np.array([k]), **options)
            loss += share * one / len(x)
            slopes[n] += share * slope[0] / len(x)
    return loss, slopes


@every
@pytest.mark.parametrize("rows", [1, 7])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_loss_of_shares_is_the_mean_of_the_losses_of_labels(name, columns, options, rows, precision):
    x, shares = drawn(columns, rows)
    expected, slopes = mixed(name, x, shares, options)
    target = shares[:, 1:] if columns == 1 else shares
    loss, dx = compiled(name, x, target, precision, **options)
    tolerance = {"float32": 3e-6, "float64": 1e-13}[precision]
    assert loss == pytest.approx(expected, rel=tolerance)
    np.testing.assert_allclose(dx, slopes, rtol=0, atol=tolerance)


@every
def test_shares_of_a_single_class_are_its_label(name, columns, options):
    x, _ = drawn(columns, 9, spread=300.0)
    labels = np.arange(9) % max(columns, 2)
    shares = np.eye(max(columns, 2))[labels]
    whole = compiled(name, x, labels, **options)
    loss, dx = compiled(name, x, shares[:, 1:] if columns == 1 else shares, **options)
    assert loss == pytest.approx(whole[0], rel=1e-13)
    np.testing.assert_allclose(dx, whole[1], rtol=1e-12, atol=1e-15)


def test_a_class_without_a_share_may_be_impossible():
    loss, dx = compiled("cross_entropy", np.array([[0.0, 1.0, -np.inf]]), np.array([[0.5, 0.5, 0.0]]))
    assert loss == pytest.approx(np.log(1 + np.e) - 0.5)
    assert dx[0, 2] == 0
