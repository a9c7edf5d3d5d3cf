"""How wide the band of good learning rates is: those whose loss is nearly the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dllab.lab.rate_search import Band

WITHIN = 0.1
"""A loss is nearly the best if it is higher by no more than this share of it."""


def rate_band(rates: Sequence[float], losses: Sequence[float], within: float = WITHIN) -> Band:
    """The rates around the best of `rates`, ascending, whose loss is nearly as low; `losses`: above 0, NaN: it diverged.

    Between two rates the loss is taken to run straight, rate and loss by their logarithms; where it diverges at the next
    rate, half-way. Where all diverged there is none: NaN.
    """
    x = np.log10(np.asarray(rates, np.float64))
    y = np.log10(np.where(np.isfinite(losses), losses, np.inf))
    if not np.isfinite(y).any():
        return Band(np.nan, np.nan, False, False)
    best = int(y.argmin())
    most = y[best] + np.log10(1 + within)
    good = y <= most
    low = high = best
    while low > 0 and good[low - 1]:
        low -= 1
    while high < len(x) - 1 and good[high + 1]:
        high += 1
    left = x[low] if low == 0 else _crossing(x[low], x[low - 1], y[low], y[low - 1], most)
    right = x[high] if high == len(x) - 1 else _crossing(x[high], x[high + 1], y[high], y[high + 1], most)
    return Band(float(10.0**left), float(10.0**right), low == 0, high == len(x) - 1)


def _crossing(inside: float, outside: float, here: float, there: float, most: float) -> float:
    """Where a loss, by its logarithms, passes `most` on the way from a good rate to a bad one."""
    return inside + (outside - inside) * (0.5 if np.isinf(there) else (most - here) / (there - here))
