"""Outputs and targets side by side, as the regression metrics read them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def pairs(outputs: np.ndarray, targets: np.ndarray) -> tuple[Values, Values]:
    """Both as float64 (N, K). Targets (N,) belong to a single output."""
    values = np.asarray(outputs, np.float64)
    values = values.reshape(len(values), -1) if len(values) else values.reshape(0, 1)
    return values, np.asarray(targets, np.float64).reshape(values.shape)
