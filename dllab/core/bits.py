"""Scalar primitives below arithmetic: constants of the right width, powers of two, exponents, hashing.

Written here in plain Python, for running without JIT; bits_numba.py teaches numba to compile each to a few vector
instructions. Floats in, floats out: no integers appear between, because float32 mixed with an integer is float64 to
numba, which halves the width of a vector loop. All of them raise no floating-point warnings.
"""

from __future__ import annotations

import math
from functools import reduce

import numpy as np

Pair = tuple[float, float]
Table = tuple[tuple[float, ...], tuple[float, ...]]

GOLDEN = 0x9E3779B97F4A7C15  # 2**64 divided by the golden ratio, odd
MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
MASK64 = 0xFFFFFFFFFFFFFFFF


def like(x: float, value: float | Pair) -> float:
    """`value` in the type of x; a pair gives its first to float32 and its second to float64.

    A bare literal in a kernel is float64 and widens everything it meets: write `like(x, 0.5) * x`.
    """
    single = isinstance(x, np.float32)
    chosen = value[0 if single else 1] if isinstance(value, tuple) else value
    return np.float32(chosen) if single else float(chosen)  # type: ignore[return-value]


def polynomial(x: float, table: Table) -> float:
    """table[0][0] + table[0][1]*x + table[0][2]*x**2 + ... if x is float32, else the same from table[1] (Horner)."""
    coefficients = table[0 if isinstance(x, np.float32) else 1]
    return like(x, reduce(lambda sum_, c: sum_ * float(x) + c, reversed(coefficients)))


def nearest(x: float) -> float:
    """The nearest whole number, halves to even, as a float, for |x| < 2**22 (float32) or 2**51 (float64)."""
    return like(x, float(np.rint(x)))


def power2(n: float) -> float:
    """2**n for a whole n in -126..127 (float32) or -1022..1023 (float64)."""
    return like(n, 2.0 ** float(n))


def scale2(x: float, n: float) -> float:
    """Return x * 2**n for a whole n in -150..128 (float32) or -1076..1024 (float64); NaN if either is NaN.

    Rounded once for |x| in 1/4..4: overflows to inf, underflows gradually. Exact where x and result are normal numbers.
    """
    if math.isnan(n):
        return n
    with np.errstate(over="ignore", under="ignore"):
        return like(x, float(np.ldexp(x, int(n))))


def frexp2(x: float) -> tuple[float, float]:
    """(m, n) with x = m * 2**n, n whole and sqrt(1/2) <= m < sqrt(2), for 0 < x < inf, subnormal x included.

    Any other x gives some finite pair.
    """
    if not 0 < x < math.inf:
        return like(x, 1.0), like(x, 0.0)
    m, n = math.frexp(x)
    if m < like(x, math.sqrt(0.5)):  # in the precision of x, as compiled
        m, n = 2 * m, n - 1
    return like(x, m), like(x, float(n))


def copysign(x: float, sign: float) -> float:
    """|x| with the sign of `sign`."""
    return like(x, math.copysign(x, sign))


def sqrt(x: float) -> float:
    """The square root, correctly rounded; NaN below zero. For kernels: to numba math.sqrt is a call of libm."""
    return like(x, math.sqrt(x) if x >= 0 else math.nan)


def quick_sqrt(x: float) -> float:
    """The square root of a finite x >= 0 to about 2 units in the last place of float32; one of float64 is exact."""
    return sqrt(x)


def quick_ratio(a: float, b: float) -> float:
    """A / b for a finite b that is not 0, as near as quick_sqrt is: an estimate and a step of Newton's method.

    Processors divide in one slow unit; estimates are products, of which they do many at once.
    """
    return like(a, a / b)


def hash64(key: int, i: int) -> int:
    """Output i of the splitmix64 generator that starts at state `key`, as a signed 64-bit integer.

    Both are taken modulo 2**64. Signed, since int64 mixed with uint64 is float64 to numba.
    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014; Vigna's constants.
    """
    z = (int(key) + (int(i) + 1) * GOLDEN) & MASK64
    z = (z ^ (z >> 30)) * MIX[0] & MASK64
    z = (z ^ (z >> 27)) * MIX[1] & MASK64
    z ^= z >> 31
    return z - (z >> 63 << 64)
