"""The curve of an activation is what its kernels do, forward and back; their arithmetic is counted in their source."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.core.bits import like, polynomial
from dllab.core.kernel import kernel
from dllab.lab.activation_curves import curve, gap, names
from dllab.lab.op_count import operations
from dllab.ops import relu, sigmoid, tanh

X = np.linspace(-4.05, 4.05, 40)
TABLE = ((1.0, 2.0, 3.0), (1.0, 2.0, 3.0, 4.0))


def test_all_activations_that_work_on_single_numbers() -> None:
    assert {"relu", "gelu", "sigmoid", "tanh", "step", "softplus"} <= set(names())
    assert "softmax" not in names() and "dense" not in names()


@pytest.mark.parametrize("name", names())
def test_slopes_are_those_of_the_values(name: str) -> None:
    """Against finite differences, away from kinks."""
    assert gap(name, X) < 1e-7


def test_no_slope_is_right_at_a_kink() -> None:
    assert gap("relu", [-1.0, 0.0, 1.0]) == pytest.approx(0.5)


def test_options_reach_the_activation() -> None:
    assert curve("leaky_relu", [-1.0, 1.0], {"slope": 0.25}).y.tolist() == [-0.25, 1.0]


@kernel(y="*N", x="*N")
def five(y, x):
    """Two multiply-adds of a polynomial, and a sign; then one more."""
    for i in range(y.shape[0]):
        y[i] = -polynomial(x[i], TABLE)
        y[i] += like(x[i], 1.0)


@kernel(y="*N", x="*N")
def calling(y, x):
    """An addition inside and a choice with its comparison outside."""
    for i in range(y.shape[0]):
        y[i] = plus(x[i]) if x[i] > 0 else 0


def plus(x: float) -> float:
    return x + 1


def test_operations_are_counted() -> None:
    assert operations(five) == 6 and operations(five, 1) == 8
    assert operations(calling) == 3
    assert operations(relu.forward) == 2


def test_relu_is_the_cheapest() -> None:
    assert operations(relu.forward) < operations(sigmoid.forward) < operations(tanh.forward)


@kernel(y="B F", x="B F")
def nested(y, x):
    """Rows of numbers."""
    for n in range(y.shape[0]):
        for f in range(y.shape[1]):
            y[n, f] = x[n, f]


def test_a_kernel_that_is_no_loop_over_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="nested is no single loop over numbers"):
        operations(nested)
