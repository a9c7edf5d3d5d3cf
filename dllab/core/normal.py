"""Standard normal numbers that depend only on a key and an element (see rng.py), for kernels."""

from __future__ import annotations

from dllab.core.bits import polynomial, sqrt
from dllab.core.device import device
from dllab.core.rng import bits_at
from dllab.core.vecmath import log

ROOT_2 = 1.4142135623730951
# erfinv(x) / x as polynomials in w - 2.5 (w = -log(1 - x**2) below 5) and in sqrt(w) - 3 beyond.
_NEAR = (1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-06, -3.5233877e-06,
         3.43273939e-07, 2.81022636e-08)  # fmt: skip
_FAR = (2.83297682, 1.00167406, 0.00943887047, -0.0076224613, 0.00573950773, -0.00367342844, 0.00134934322,
        0.000100950558, -0.000200214257)  # fmt: skip
NEAR, FAR = (_NEAR, _NEAR), (_FAR, _FAR)


@device
def erfinv(x: float) -> float:
    """The inverse of the error function for a float64 -1 < x < 1, to some six digits.

    The one number in ten million whose normal number lies beyond 5.3 deviations is right to a tenth.
    Source: Giles, Approximating the erfinv function (2010), the single-precision polynomials.
    """
    w = -log((1.0 - x) * (1.0 + x))
    near = polynomial(w - 2.5, NEAR)
    far = polynomial(sqrt(w) - 3.0, FAR)
    return (near if w < 5.0 else far) * x


@device
def normal_at(key: int, i: int) -> float:
    """A standard normal number for element i: the quantile of a uniform one of 53 bits."""
    draw = (bits_at(key, i) >> 11) & 0x1FFFFFFFFFFFFF
    return ROOT_2 * erfinv((draw + 0.5) * 2.0**-52 - 1.0)
