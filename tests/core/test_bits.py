"""The primitives below vecmath and rng: the compiled form against plain Python, bit for bit."""

import math

import numpy as np
import pytest
from compiled import jit, loop
from hypothesis import given
from hypothesis import strategies as st
from numba.core.errors import TypingError

from dllab.core.bits import (
    copysign,
    frexp2,
    hash64,
    like,
    nearest,
    polynomial,
    power2,
    quick_ratio,
    quick_sqrt,
    scale2,
    sqrt,
)
from dllab.core.settings import jit_enabled

TYPES = (np.float32, np.float64)
LOWEST = {np.float32: -150, np.float64: -1076}
HIGHEST = {np.float32: 128, np.float64: 1024}
TABLE = ((0.5, -1.25), (3.0, 0.25, 2.0))
PAIR = (0.1, 0.2)

precisions = pytest.mark.parametrize("dtype", TYPES, ids=lambda t: t.__name__)


@jit
def _nearest(x):
    return nearest(x)


@jit
def _power2(n):
    return power2(n)


@jit
def _scale2(x, n):
    return scale2(x, n)


@jit
def _frexp2(x):
    return frexp2(x)


@jit
def _copysign(x, sign):
    return copysign(x, sign)


@jit
def _sqrt(x):
    return sqrt(x)


@jit
def _constants(x):
    return like(x, 0.1), like(x, 3), like(x, PAIR), polynomial(x, TABLE)


@jit
def _hash64(key, i):
    return hash64(key, i)


def floats(dtype, **limits):
    width = 8 * dtype().itemsize
    return st.floats(width=width, allow_nan=False, allow_infinity=False, **limits).map(dtype)


@precisions
def test_constants_take_the_type_of_x(dtype):
    x = dtype(2)
    single = dtype == np.float32
    want = [0.1, 3, 0.1 if single else 0.2, -2.0 if single else 11.5]
    compiled, plain = _constants(x), _constants.py_func(x) if jit_enabled() else _constants(x)
    assert [float(v) for v in compiled] == [float(dtype(v)) for v in want]
    assert [float(v) for v in plain] == [float(dtype(v)) for v in want]
    assert all(isinstance(v, np.float32) for v in plain) == single
    if jit_enabled():
        assert [str(kind) for kind in _constants.nopython_signatures[-1].return_type] == [dtype.__name__] * 4


@given(st.data())
@precisions
def test_nearest_rounds_halves_to_even(dtype, data):
    x = data.draw(floats(dtype, min_value=-4e6, max_value=4e6) | st.integers(-9, 9).map(lambda n: dtype(n / 2)))
    assert _nearest(x) == nearest(x) == round(float(x))


@precisions
def test_powers_of_two_are_exact(dtype):
    for n in range(2 - HIGHEST[dtype], HIGHEST[dtype]):
        assert _power2(dtype(n)) == power2(dtype(n)) == 2.0**n


@given(st.data())
@precisions
def test_scaling_rounds_once(dtype, data):
    x = data.draw(floats(dtype, min_value=0.25, max_value=4))
    n = dtype(data.draw(st.integers(LOWEST[dtype], HIGHEST[dtype])))
    with np.errstate(over="ignore", under="ignore"):
        want = np.ldexp(x, int(n))
    assert _scale2(x, n) == scale2(x, n) == want


@given(st.data())
@precisions
def test_splitting_gives_a_balanced_mantissa(dtype, data):
    x = data.draw(floats(dtype, min_value=0, exclude_min=True) | st.just(dtype(math.sqrt(2))))
    m, n = _frexp2(x)
    assert (m, n) == tuple(frexp2(x))
    assert dtype(math.sqrt(0.5)) <= m < math.sqrt(2)
    assert n == int(n)
    assert math.ldexp(m, int(n)) == x


@precisions
def test_splitting_is_finite_where_it_means_nothing(dtype):
    for x in (0.0, -0.0, -1.0, math.inf, -math.inf, math.nan):
        assert np.isfinite(_frexp2(dtype(x))).all()
        assert np.isfinite(frexp2(dtype(x))).all()


@given(st.data())
@precisions
def test_copysign_keeps_the_size(dtype, data):
    x, sign = data.draw(floats(dtype)), data.draw(floats(dtype))
    want = math.copysign(x, sign)
    for got in (_copysign(x, sign), copysign(x, sign)):
        assert got == want
        assert math.copysign(1, got) == math.copysign(1, sign)


@given(st.data())
@precisions
def test_square_root_is_correctly_rounded(dtype, data):
    x = data.draw(floats(dtype, min_value=0))
    assert _sqrt(x) == sqrt(x) == np.sqrt(x)
    assert math.isnan(_sqrt(-1 - x))
    assert math.isnan(sqrt(-1 - x))


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_hash_wraps_around_alike(key, i):
    assert _hash64(key, i) == hash64(key, i) == hash64(key + 2**64, i - 2**64)


@pytest.mark.skipif(not jit_enabled(), reason="about compiled code")
def test_mixed_widths_are_refused():
    with pytest.raises(TypingError):
        _scale2(np.float32(1), np.float64(1))
    with pytest.raises(TypingError):
        _nearest(1)


def _spread(dtype, low, high):
    """Numbers of every size from 10**low to 10**high."""
    return (10.0 ** np.random.default_rng(0).uniform(low, high, 20_000)).astype(dtype)


@jit
def _ratios(y, a, b):
    for i in range(y.shape[0]):
        y[i] = quick_ratio(a[i], b[i])


@precisions
def test_quick_roots_are_near(dtype):
    x = np.concatenate([_spread(dtype, -37, 37), np.zeros(3, dtype), np.array([np.nan], dtype)])
    y = np.empty_like(x)
    loop(quick_sqrt)(x, y)
    exact = np.sqrt(x.astype(np.float64))
    bound = 4 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(y, exact, rtol=bound, atol=0)
    assert all(plain == pytest.approx(e, rel=bound) for plain, e in zip(map(quick_sqrt, x[:50]), exact))


@precisions
def test_quick_ratios_are_near(dtype):
    a, b = _spread(dtype, -15, 15) - dtype(0.5), _spread(dtype, -15, 15)[::-1].copy()
    y = np.empty_like(a)
    _ratios(y, a, b)
    exact = a.astype(np.float64) / b
    bound = 4 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(y, exact, rtol=bound, atol=0)
    assert all(plain == pytest.approx(e, rel=bound) for plain, e in zip(map(quick_ratio, a[:50], b[:50]), exact))
