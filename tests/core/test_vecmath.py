"""exp, log, tanh and kin: accuracy over the whole range, special values, vector code, and the plain-Python form."""

import inspect
import math
import platform
import re
import subprocess
import sys

import numpy as np
import pytest
import scipy.special
from compiled import JIT, apply, jit, machine_code
from hypothesis import given
from hypothesis import strategies as st
from numba.core.errors import TypingError
from numba.core.typing.templates import builtin_registry

from dllab.core import bits_numba, vecmath
from dllab.core.settings import FASTMATH
from dllab.core.vecmath import clamp, erf, exp, expm1, log, sigmoid, softplus, tanh

INF, NAN = math.inf, math.nan
FUNCTIONS = (exp, expm1, log, tanh, sigmoid, softplus, erf)
DTYPES = (np.float32, np.float64)
WIDER = {np.float32: np.float64, np.float64: np.longdouble}

every = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
precisions = pytest.mark.parametrize("dtype", DTYPES, ids=lambda t: t.__name__)

# Largest errors allowed, in units in the last place; one more where long double is no wider than double.
LIMITS = {
    exp: (1.0, 1.0),
    expm1: (1.75, 1.75),
    log: (1.0, 1.0),
    tanh: (1.5, 1.5),
    sigmoid: (2.4, 2.5),
    softplus: (2.0, 2.0),
    erf: (1.5, 1.5),
}
SLACK = 0.0 if np.finfo(np.longdouble).nmant > 60 else 1.0


def _erf(x):
    """Error function from its series of positive terms, which loses nothing to cancellation."""
    if x.dtype == np.float64:
        return scipy.special.erf(x)
    a = np.minimum(np.abs(x), x.dtype.type(6.5))
    term = total = a
    for n in range(1, 200):
        term = term * (2 * a * a / (2 * n + 1))
        total = total + term
    y = total * np.exp(-a * a) * 2 / np.sqrt(4 * np.arctan(x.dtype.type(1)))
    return np.copysign(np.where(np.isnan(x), x, y), x)


REFERENCES = {
    exp: np.exp,
    expm1: np.expm1,
    log: np.log,
    tanh: np.tanh,
    sigmoid: lambda x: 1 / (1 + np.exp(-x)),
    softplus: lambda x: np.logaddexp(x, x.dtype.type(0)),
    erf: _erf,
}


def samples(function, dtype):
    """Every float32 in even strides over all bit patterns; float64 by size and where results change quickly."""
    if dtype == np.float32:
        return np.arange(0, 2**32, 2011 if JIT else 1 << 22, dtype=np.uint64).astype(np.uint32).view(np.float32)
    random = np.random.default_rng(1)
    n = (10_000 if function is erf else 100_000) if JIT else 300
    sizes = np.exp(random.uniform(-745, 709, n))
    near = np.exp(random.uniform(-4, 3, n))
    whole = random.uniform(-760, 760, n)
    return np.concatenate([sizes, -sizes, near, -near, whole, random.uniform(-6, 6, n), random.uniform(0.5, 2, n)])


def error_in_ulp(y, exact):
    """|y - exact| in units in the last place of y's type; inf where one is finite or NaN and the other is not."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        rounded = exact.astype(y.dtype)
        error = np.abs(y - exact) / np.spacing(np.abs(rounded)).astype(exact.dtype)
    special = ~np.isfinite(rounded) | ~np.isfinite(y)
    same = (rounded == y) | (np.isnan(rounded) & np.isnan(y))
    return np.where(special, np.where(same, 0.0, INF), error)


@every
@precisions
def test_error_stays_within_its_limit_over_the_whole_range(function, dtype):
    x = samples(function, dtype)
    with np.errstate(all="ignore"):
        exact = REFERENCES[function](x.astype(WIDER[dtype]))
    error = error_in_ulp(apply(function, x), exact)
    worst = int(np.argmax(error))
    limit = LIMITS[function][DTYPES.index(dtype)] + (SLACK if dtype == np.float64 else 0)
    assert error[worst] <= limit, f"{error[worst]:.2f} ulp at {x[worst]!r}"


SPECIAL = {
    exp: {0.0: 1.0, INF: INF, -INF: 0.0, 1e4: INF, -1e4: 0.0},
    expm1: {0.0: 0.0, INF: INF, -INF: -1.0, 1e4: INF, -1e4: -1.0},
    log: {0.0: -INF, 1.0: 0.0, INF: INF, -INF: NAN, -1.0: NAN, -1e-40: NAN},
    tanh: {0.0: 0.0, INF: 1.0, -INF: -1.0, 1e4: 1.0, -1e4: -1.0, 1e-40: 1e-40},
    sigmoid: {0.0: 0.5, INF: 1.0, -INF: 0.0, 1e4: 1.0, -1e4: 0.0},
    softplus: {INF: INF, -INF: 0.0, 1e4: 1e4, -1e4: 0.0, 1e30: 1e30},
    erf: {0.0: 0.0, INF: 1.0, -INF: -1.0, 1e4: 1.0, -1e4: -1.0},
}


@every
@precisions
def test_special_values_are_exact(function, dtype):
    x = np.array([*SPECIAL[function], NAN], dtype=dtype)
    want = np.array([*SPECIAL[function].values(), NAN], dtype=dtype)
    np.testing.assert_array_equal(apply(function, x), want)
    np.testing.assert_array_equal([function(v) for v in x], want)


@precisions
def test_zeros_keep_their_sign(dtype):
    for function in (tanh, erf):
        assert np.signbit(apply(function, np.array([-0.0], dtype=dtype)))[0]
    assert apply(log, np.array([-0.0], dtype=dtype))[0] == log(dtype(-0.0)) == -INF


@precisions
def test_exp_reaches_the_ends_of_the_range(dtype):
    info = np.finfo(dtype)
    top = np.log(WIDER[dtype](info.max))
    bottom = np.log(WIDER[dtype](info.smallest_subnormal))
    x = np.array([top * (1 - info.eps), top * (1 + info.eps), bottom + 0.5, bottom - 1], dtype=dtype)
    y = apply(exp, x)
    assert np.isfinite(y[0])
    assert y[0] > 0.9 * info.max
    assert y[1] == INF
    assert 0 < y[2] < info.smallest_normal
    assert y[3] == 0


@every
@precisions
def test_plain_python_gives_nearly_the_same_in_the_same_type(function, dtype):
    x = samples(function, dtype)[:: 40_011 if JIT else 97]
    compiled = apply(function, x)
    plain = [function(v) for v in x]
    kinds = {type(v) for v in plain}
    assert kinds == {np.float32} if dtype == np.float32 else kinds <= {float, np.float64}
    # The plain form has no fused multiply-add, so it may round once or twice more.
    assert error_in_ulp(np.array(plain, dtype=dtype), compiled.astype(WIDER[dtype])).max() <= 3


def test_python_numbers_do():
    assert exp(0) == 1.0
    assert sigmoid(0) == 0.5
    assert log(1) == 0.0
    assert tanh(-1) == pytest.approx(math.tanh(-1))


@given(st.floats(width=32))
def test_results_stay_in_their_range(x):
    x = np.float32(x)
    assert math.isnan(x) or (abs(tanh(x)) <= 1 and abs(erf(x)) <= 1 and 0 <= sigmoid(x) <= 1 and softplus(x) >= 0)
    assert math.isnan(x) or clamp(x, np.float32(-2), np.float32(3)) == min(max(x, -2), 3)


def test_clamp_keeps_nan():
    assert math.isnan(clamp(NAN, 0.0, 1.0))
    assert np.isnan(apply(_unit_clamp, np.array([NAN]))).all()


def _unit_clamp(x):
    return clamp(x, 0.0, 1.0)


_unit_clamp = jit(_unit_clamp)

PACKED = re.compile(r"v?(mul|fn?m(add|sub)\d+|div|add|sub)p[sd]\b")
NARROW_VECTORS = {np.float32: r"\bv?cvtps2pd|v?(mul|fmadd\d+)pd\b", np.float64: r"\bv?(mul|fmadd\d+)[sp]s\b"}


@pytest.mark.skipif(not JIT or platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 machine code")
@every
@precisions
def test_loops_become_vector_code_without_calls(function, dtype):
    code = machine_code(function, dtype)
    packed = [line for line in code if PACKED.match(line)]
    assert len(packed) >= 10
    assert not [line for line in code if line.startswith("call")]
    assert not [line for line in code if re.search(NARROW_VECTORS[dtype], line)]


@pytest.mark.skipif(not JIT, reason="about compiled code")
def test_other_types_are_refused():
    with pytest.raises(TypingError):
        apply(exp, np.arange(3))
    with pytest.raises(TypingError):
        jit(lambda x: clamp(x, 0.0, 1.0))(np.float32(0.5))


def test_registering_again_adds_nothing():
    bits_numba.register()
    before = len(builtin_registry.globals)
    bits_numba.register()
    assert len(builtin_registry.globals) == before


def test_every_function_is_registered():
    mine = {f for f in vars(vecmath).values() if inspect.isfunction(f) and f.__module__ == vecmath.__name__}
    assert mine == set(vecmath.FUNCTIONS)
    assert "reassoc" in FASTMATH  # or the accuracy measured above would not cover the flags of a caller


def test_importing_brings_no_compiler():
    code = "import sys, dllab.core.vecmath, dllab.core.rng; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
