"""What outputs say as probabilities, whatever the model ends in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALLEST = np.finfo(np.float64).tiny


def log_probabilities(outputs: NDArray[Any], last_layer: str, absorbs: str | None = None) -> NDArray[np.float64]:
    """Log p, of the shape of `outputs` (N, ..., K): probabilities where the last layer is softmax or sigmoid, else scores.

    `absorbs`: the activation whose scores the loss takes. Sigmoids of several classes, each of which answers for itself,
    are divided by their sum, whether the net ends in them or in their scores; other scores go through a softmax.
    A single score or probability (K = 1) speaks for class 1; the answer then has both classes, (N, ..., 2).
    """
    x = np.asarray(outputs, np.float64)
    if last_layer in ("softmax", "sigmoid"):
        p = np.concatenate([1 - x, x], axis=-1) if x.shape[-1] == 1 else x
        logs = np.log(np.maximum(p, SMALLEST))
        return logs if last_layer == "softmax" else _normalised(logs)
    if x.shape[-1] == 1:
        return _normalised(np.concatenate([np.zeros_like(x), x], axis=-1))
    return _normalised(-np.logaddexp(0, -x) if absorbs == "sigmoid" else x)


def _normalised(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same less what makes e to them add up to 1."""
    shifted = logs - logs.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
