"""A hidden layer of ReLUs whose weights are worked out, not learnt: it goes through given points in straight lines.

    f(x) = y_0 + sum_i c_i relu(x - t_i),    c_i = the change of slope at the knot t_i

One unit for every knot but the last. Between knots h apart a curve with |f''| <= M is met within M h^2 / 8.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Weights = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def through(knots: ArrayLike, values: ArrayLike) -> Weights:
    """Weights w (1, H), b (H,), w (H, 1), b (1,) of two dense layers with relu between, for H + 1 knots in rising order."""
    t, y = np.asarray(knots, np.float64), np.asarray(values, np.float64)
    if t.ndim != 1 or t.shape != y.shape or len(t) < 2 or any(late <= early for early, late in pairwise(t)):
        raise ValueError("expected two knots or more, in rising order, and a value for each")
    slopes = np.diff(y) / np.diff(t)
    changes = np.diff(slopes, prepend=0.0)
    return np.ones((1, len(slopes))), -t[:-1], changes[:, np.newaxis], y[:1].copy()
