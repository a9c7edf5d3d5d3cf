"""How many rows the best straight line can get right, found by trying lines at all angles and places."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

ANGLES, PLACES = 360, 41
REACH = 2.0
"""How far from the origin lines are tried."""


def best_line(x: ArrayLike, labels: ArrayLike) -> float:
    """The share of rows x (N, 2) with labels (N,), 0 or 1, that the best of ANGLES x PLACES lines gets right."""
    turns = 2 * np.pi * np.arange(ANGLES) / ANGLES
    along = np.asarray(x, np.float64) @ np.stack([np.cos(turns), np.sin(turns)])
    ones = along[..., None] > np.linspace(-REACH, REACH, PLACES)  # (N, ANGLES, PLACES)
    return float((ones == np.asarray(labels).reshape(-1, 1, 1)).mean(axis=0).max())
