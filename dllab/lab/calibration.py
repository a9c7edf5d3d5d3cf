"""Whether probabilities are right: of all that a net calls 80 % sure, do 80 % happen?

    error = sum over bins of (rows in the bin / all rows) |mean probability - share that happened|

Source: Guo, Pleiss, Sun, Weinberger, On calibration of modern neural networks (2017), the expected calibration error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 10


@dataclass(frozen=True, eq=False)
class Calibration:
    """For every bin that has rows: what was said on average, the share that happened, how many rows (K,)."""

    said: NDArray[np.float64]
    happened: NDArray[np.float64]
    rows: NDArray[np.int64]

    @property
    def error(self) -> float:
        """The expected calibration error, from 0 to 1."""
        return float((self.rows * np.abs(self.said - self.happened)).sum() / self.rows.sum())


def calibration(probabilities: ArrayLike, truth: ArrayLike, bins: int = BINS) -> Calibration:
    """How probabilities (N,) of a yes go with what happened (N,), 0 or 1, in bins of equal width."""
    p, yes = np.asarray(probabilities, np.float64).ravel(), np.asarray(truth, np.float64).ravel()
    if p.shape != yes.shape or not len(p):
        raise ValueError(f"{len(p)} probabilities and {len(yes)} outcomes; give one outcome for each, and at least one")
    place = np.clip((p * bins).astype(np.int64), 0, bins - 1)
    rows = np.bincount(place, minlength=bins)
    there = rows > 0
    said, happened = (np.bincount(place, one, bins)[there] / rows[there] for one in (p, yes))
    return Calibration(said, happened, rows[there])
