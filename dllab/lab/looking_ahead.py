"""What a net that answers at every step makes of the steps around: which of them an answer depends on, and what waiting
for those ahead is worth.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine.network import Network


def dependence(network: Network, x: NDArray[Any], other: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By step t (rows) and changed step s: the share of rows whose answer changes, and how much an output does at most.

    `x` (N, T, ...) is what is read, `other` (N, T, ...) what stands at a step in its place, one step at a time.
    """
    before, steps = network.forward(x), x.shape[1]
    shares, most = np.zeros((steps, steps)), np.zeros((steps, steps))
    for s in range(steps):
        changed = x.copy()
        changed[:, s] = other[:, s]
        after = network.forward(changed)
        shares[:, s] = (after.argmax(-1) != before.argmax(-1)).mean(axis=0)
        most[:, s] = np.abs(after - before).max(axis=(0, 2))
    return shares, most


def answered_early(network: Network, x: NDArray[Any], y: NDArray[Any], ahead: int, blank: float = 0) -> float:
    """Accuracy where each step is answered when only `ahead` steps behind it are there, the others being `blank`."""
    steps = x.shape[1]
    there = np.arange(steps) <= np.arange(steps)[:, None] + ahead  # (T, T): by the step that is answered
    rows = np.where(there, x[:, None], blank).reshape(-1, steps).astype(x.dtype)
    said = network.forward(rows).argmax(-1).reshape(len(x), steps, steps)
    return float((said[:, np.arange(steps), np.arange(steps)] == y).mean())
