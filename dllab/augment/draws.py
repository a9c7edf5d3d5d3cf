"""What augmentations draw: numbers keyed by the seed, the place in the list, the step and the row of the data set."""

from __future__ import annotations

from dllab.core.bits import polynomial
from dllab.core.device import device
from dllab.core.rng import STREAM_AUGMENT, bits_at, key

DRAWS = 2**53
"""A chance of 1, as the kernels take it."""

PI = 3.141592653589793
# Taylor's coefficients 1, -1/3!, 1/5!, ...: what is left out is below 1e-18 for |x| <= pi / 2.
_SINE = (
    1.0, -0.16666666666666666, 0.008333333333333333,
    -0.0001984126984126984, 2.7557319223985893e-06, -2.505210838544172e-08,
    1.6059043836821613e-10, -7.647163731819816e-13, 2.8114572543455206e-15,
    -8.22063524662433e-18, 1.9572941063391263e-20
)  # fmt: skip
SINE = (_SINE, _SINE)


@device
def row_key(seed: int, link: int, step: int, row: int) -> int:
    """The key of one row of the data set in one step, for the part at place `link` of the list."""
    return bits_at(key(key(seed, STREAM_AUGMENT, link), 0, step), row)


@device
def happens(key: int, chance: int) -> bool:
    """Whether a row is changed: element 0 of its key is below `chance`, a whole number up to 2**53."""
    return ((bits_at(key, 0) >> 11) & 0x1FFFFFFFFFFFFF) < chance


@device
def whole_at(key: int, i: int, count: int) -> int:
    """A whole number from 0 to below `count` (which is below 2**31) for element i."""
    return (((bits_at(key, i) >> 32) & 0xFFFFFFFF) * count) >> 32


@device
def sine(x: float) -> float:
    """The sine of a float64 x from -pi / 2 to pi / 2."""
    return x * polynomial(x * x, SINE)


@device
def cosine_of_both(x: float) -> float:
    """The cosine of 2 x for a float64 x from -pi / 2 to pi / 2; exactly 1 for 0."""
    half = sine(x)
    return 1.0 - 2.0 * half * half


@device
def sine_of_both(x: float) -> float:
    """The sine of 2 x for a float64 x from -pi / 2 to pi / 2."""
    return 2.0 * sine(x) * sine(0.5 * PI - abs(x))
