"""The norm of the gradient: exact enough, and finite wherever the gradient is."""

from __future__ import annotations

import numpy as np
import pytest
from kernels import PRECISIONS, assembly, run

from dllab.core.settings import jit_enabled
from dllab.plan.totals import add_and_square, check, square_sum


def squares_of(g: np.ndarray) -> float:
    part = np.full(1, -1.0)
    run(square_sum, g.dtype.name, part=part, g=g)
    return float(part[0])


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("size", [0, 1, 5, 64, 1001])
def test_sum_of_squares(precision: str, size: int) -> None:
    g = np.random.default_rng(size).normal(size=size).astype(precision)
    assert squares_of(g) == pytest.approx(
        np.square(g, dtype=np.float64).sum(), rel=1e-5 if precision == "float32" else 1e-13
    )


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_squares_beyond_float32(scale: float) -> None:
    g = np.full(40, scale, np.float32)
    assert squares_of(g) == pytest.approx(40 * scale**2, rel=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_shows(bad: float) -> None:
    g = np.ones(50, np.float32)
    g[33] = bad
    assert not np.isfinite(squares_of(g))


def test_adding_and_squaring_in_one_pass() -> None:
    rng = np.random.default_rng(0)
    g, other = rng.normal(size=(2, 77)).astype(np.float32)
    expected, part = g + other, np.zeros(1)
    run(add_and_square, part=part, g=g, other=other)
    np.testing.assert_array_equal(g, expected)
    assert part[0] == pytest.approx(np.square(expected, dtype=np.float64).sum(), rel=1e-5)


@pytest.mark.parametrize(("loss", "square"), [(np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0), (1.0, np.inf), (1.0, 4.0)])
def test_the_check_stops_at_anything_not_finite(loss: float, square: float) -> None:
    losses, norms, norm = np.zeros(4), np.zeros(4), np.zeros(1)
    stopped = check(losses, norms, norm, np.array([loss, 0.0]), np.array([square, 0.0]), 6, 0)
    assert stopped == (not np.isfinite(loss + square))
    np.testing.assert_array_equal([losses[2], norms[2], norm[0]], [loss, np.sqrt(square), np.sqrt(square)])


@pytest.mark.skipif(not jit_enabled(), reason="looks at machine code")
def test_float32_squares_are_summed_in_full_vectors() -> None:
    loop = [line for line in assembly(square_sum).splitlines() if "vfmadd" in line and "ps" in line]
    assert any("%zmm" in line or "%ymm" in line for line in loop) or "fmla" in assembly(square_sum)
