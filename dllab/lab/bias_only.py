"""A net that is nothing but its biases: what a loss says of scores that one chooses, and what it makes of one number.

All of it takes a recipe of one input whose model begins with `dense`; the input is 0, so that its biases are the scores.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dllab.engine.network import Network

BIAS = "0_dense.b"
NOTHING = [[0.0]]


def charged(net: Network, scores: ArrayLike, target: float = 1) -> NDArray[Any]:
    """Loss, and its slope at the last score, (N, 2), for scores (N, K) of an example with that class or number."""
    found = []
    for row in np.asarray(scores, np.float64):
        net.parameters[BIAS][:] = row
        loss, gradients = net.loss_and_gradients(NOTHING, [target])
        found.append((loss, gradients[BIAS][-1]))
    return np.array(found)


def fitted(net: Network, values: NDArray[np.float64], steps: int = 1200, lr: float = 0.3, decay: float = 0.99) -> float:
    """The one number that is best for all values, by steps on all of them whose rate shrinks."""
    inputs, targets = np.zeros((len(values), 1)), values[:, None]
    net.parameters[BIAS][:] = 0
    for step in range(steps):
        net.step(inputs, targets, lr=lr * decay**step)
    return float(net.parameters[BIAS][0])


def steps_until(net: Network, start: float, goal: float, target: float = 1, most: int = 100_000) -> int:
    """Steps at a rate of 1 until a score that should say `target` has come from `start` to `goal`, above it."""
    bias = net.parameters[BIAS]
    bias[:] = start
    for count in range(most):
        if bias[0] >= goal:
            return count
        net.step(NOTHING, [target], lr=1.0)
    return most
