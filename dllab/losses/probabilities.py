"""What outputs say as probabilities, whatever the model ends in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALLEST = np.finfo(np.float64).tiny


def log_probabilities(outputs: NDArray[Any], last_layer: str) -> NDArray[np.float64]:
    """Log p, of the shape of `outputs` (N, ..., K): scores, or probabilities where the last layer is softmax or sigmoid.

    A single score or probability (K = 1) speaks for class 1; the answer then has both classes, (N, ..., 2).
    """
    x = np.asarray(outputs, np.float64)
    if last_layer in ("softmax", "sigmoid"):
        p = np.concatenate([1 - x, x], axis=-1) if x.shape[-1] == 1 else x
        return np.asarray(np.log(np.maximum(p, SMALLEST)))
    if x.shape[-1] == 1:
        x = np.concatenate([np.zeros_like(x), x], axis=-1)
    shifted = x - x.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
