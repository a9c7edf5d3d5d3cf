"""Whether one of two differs from the other, by runs in pairs of one seed: what both share (data, first weights, order of
rows) cancels.

The test is Student's on the differences, which takes them as about normal. Few seeds leave no other choice: flipping signs
assumes next to nothing, but of n pairs it never gives less than 2 / 2^n, 0.062 for 5. Both are told. Figures that come in
steps, as a share of 100 rows does, may be equal in all pairs by chance; the variance is raised by that of rounding both.

Sources: Student, The probable error of a mean (1908); Fisher, The design of experiments (1935), section 21, flips of signs;
Holm, A simple sequentially rejective multiple test procedure (1979); Sheppard, On the calculation of the most probable
values of frequency-constants (1898), variance of rounded values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from dllab.data.streams import generator
from dllab.lab.bootstrap import LEVEL, t_inside, t_quantile

ALPHA = 0.05
FEWEST = 3
"""Two differences may be near each other by chance too easily: they say nothing."""

NOISE = 1e-9
"""Spread between differences, in their own size, that comes from rounding in floating point alone."""

EXACT = 12
"""2^n flips of the signs of n differences are all looked at up to here; of more, FLIPS of them."""
FLIPS = 20_000


@dataclass(frozen=True)
class Pair:
    """Two contenders by number. `difference`: first minus second, over `seeds` seeds in which both ended, and its interval.

    `p`: of Student's test; `adjusted`: by Holm, over all pairs; `flips`: of the sign-flip test. NaN where fewer than
    FEWEST seeds are there.
    """

    first: int
    second: int
    seeds: int
    difference: float
    low: float
    high: float
    p: float
    adjusted: float
    flips: float

    @property
    def significant(self) -> bool:
        """Whether they differ, all pairs considered."""
        return self.adjusted < ALPHA


def pairs_of(values: Sequence[Sequence[float]], grain: float = 0.0) -> tuple[Pair, ...]:
    """All pairs of contenders, from a row of values each, one a seed: NaN where a run came to no end.

    `grain`: the step in which the values come; 0 for any numbers.
    """
    found = []
    for first, second in combinations(range(len(values)), 2):
        differences = np.asarray(values[first], np.float64) - np.asarray(values[second], np.float64)
        found.append((first, second, differences[np.isfinite(differences)]))
    told = [student(differences, grain) for *_, differences in found]
    adjusted = holm([p for p, *_ in told])
    return tuple(
        Pair(first, second, len(d), float(d.mean()) if len(d) else math.nan, low, high, p, corrected, sign_flips(d))
        for (first, second, d), (p, low, high), corrected in zip(found, told, adjusted)
    )


def student(differences: NDArray[np.float64], grain: float = 0.0) -> tuple[float, float, float]:
    """The p of the test that the mean difference is 0, and the mean's interval.

    Differences that are all alike have no spread to measure by: their p is that of flipping signs, without an interval.
    """
    n = len(differences)
    if n < FEWEST:
        return math.nan, math.nan, math.nan
    mean = float(differences.mean())
    variance = float(differences.var(ddof=1)) + grain**2 / 6
    error = math.sqrt(variance / n)
    if error <= NOISE * np.abs(differences).max():
        return sign_flips(differences), math.nan, math.nan
    reach = t_quantile(LEVEL, n - 1) * error
    return max(0.0, 1.0 - t_inside(mean / error, n - 1)), mean - reach, mean + reach


def sign_flips(differences: NDArray[np.float64]) -> float:
    """The share of all ways to flip signs that give a mean as far from 0 as this one."""
    n = len(differences)
    if n < FEWEST:
        return math.nan
    if n <= EXACT:
        signs = np.array(list(product((1.0, -1.0), repeat=n)))
    else:
        words = generator(0, "flips").bit_generator.random_raw(FLIPS * n)
        signs = 1.0 - 2.0 * (words >> np.uint64(63)).astype(np.float64).reshape(FLIPS, n)
        signs[0] = 1.0  # as they are: no p of 0
    sums, own = np.abs(signs @ differences), abs(float(differences.sum()))
    return float(np.mean(sums >= own * (1 - 1e-12)))


def holm(ps: Sequence[float]) -> list[float]:
    """Each p made larger, so that in all tests together a difference is found by chance in ALPHA of cases; NaN stays."""
    there = sorted((p, index) for index, p in enumerate(ps) if not math.isnan(p))
    found, largest = [math.nan] * len(ps), 0.0
    for rank, (p, index) in enumerate(there):
        largest = max(largest, min(1.0, p * (len(there) - rank)))
        found[index] = largest
    return found
