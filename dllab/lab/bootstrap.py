"""How sure a mean over a few seeds is: a bootstrap interval, the same for the same numbers on every machine.

Means of resamples, drawn with replacement, show how the mean would vary. Of few values they vary too little, so quantiles
are taken further out, by as much as makes the interval of normal values as long as that of Student's t. Up to EXACT values
all resamples there are take part; of more, DRAWN of them, by a counter-based generator.

Source: Hesterberg, What teachers should know about the bootstrap (2015), section 4.2, expanded percentile interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from dllab.data.streams import generator

LEVEL = 0.95
FEWEST = 5
"""Of 4 values the interval would be the range, however far out quantiles are taken: too short, and it would not say so."""

EXACT = 6
"""n values have n^n resamples: 46,656 of 6."""
DRAWN = 20_000


@dataclass(frozen=True)
class Interval:
    """A mean, and where it lies with a probability of LEVEL; NaN for what fewer than FEWEST values do not tell."""

    mean: float
    low: float
    high: float


def mean_interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """The mean of these values with its interval, if they are enough for one."""
    numbers = np.asarray(values, np.float64)
    if len(numbers) < FEWEST or not np.isfinite(numbers).all():
        return Interval(float(numbers.mean()) if len(numbers) else math.nan, math.nan, math.nan)
    means = np.sort(numbers[resamples(len(numbers))].mean(axis=1))
    rank = max(math.ceil(expanded(len(numbers), level) * len(means) - 1e-9), 1)
    return Interval(float(numbers.mean()), float(means[rank - 1]), float(means[-rank]))


@cache
def resamples(n: int) -> NDArray[np.int64]:
    """Which of n values each resample takes, (R, n)."""
    if n <= EXACT:
        return np.stack([axis.ravel() for axis in np.indices((n,) * n)], axis=1)
    words = generator(0, "bootstrap").bit_generator.random_raw(DRAWN * n)
    return ((words >> np.uint64(33)) * np.uint64(n) >> np.uint64(31)).astype(np.int64).reshape(DRAWN, n)


def expanded(n: int, level: float) -> float:
    """The lower quantile for an interval of that level: further out than (1 - level) / 2, the fewer values the more."""
    return NormalDist().cdf(-math.sqrt(n / (n - 1)) * t_quantile(level, n - 1))


def t_inside(t: float, df: int) -> float:
    """The probability that Student's t of df degrees of freedom lies between -t and t.

    Source: Abramowitz and Stegun, Handbook of mathematical functions (1964), 26.7.3 and 26.7.4.
    """
    angle = math.atan(abs(t) / math.sqrt(df))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    term, total = (math.cos(angle), 0.0) if df % 2 else (1.0, 0.0)
    for k in range(df // 2):
        total += term
        term *= square * (2 * k + 2) / (2 * k + 3) if df % 2 else square * (2 * k + 1) / (2 * k + 2)
    return 2 / math.pi * (angle + sine * total) if df % 2 else sine * total


@cache
def t_quantile(level: float, df: int) -> float:
    """The t with that probability between -t and t, by bisection."""
    low, high = 0.0, 1.0
    while t_inside(high, df) < level:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if t_inside(middle, df) < level else (low, middle)
    return high
