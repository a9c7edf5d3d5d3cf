"""Runs a net for many steps at once, as training does, and hands back what it did."""

from __future__ import annotations

from typing import Any

import numpy as np

import dllab
from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.engine.question import INPUTS, TARGETS
from dllab.plan.plan import HISTORY_STEPS
from dllab.symbols import COLUMN


def train(
    net: Network, x: np.ndarray, y: np.ndarray | None, batch: int, steps: int, factors: np.ndarray | None = None
) -> np.ndarray:
    """The loss before each of `steps` shuffled batches, fewer where the run diverges.

    `factors` (steps,) are those of the learning rate.
    """
    columns = {COLUMN + INPUTS: np.ascontiguousarray(x, net.dtype)}
    if y is not None:
        columns[COLUMN + TARGETS] = np.ascontiguousarray(y, net.dtype)
    rows = np.arange(len(x))
    bound = Bound(net.memory, "train:plain", batch, columns, rows.copy(), base=rows)
    rates = net.learning_rate * (np.ones(steps) if factors is None else factors)
    losses = []
    for first in range(0, steps, HISTORY_STEPS):
        part = rates[first : first + HISTORY_STEPS]
        stopped = executor.run(bound, net.updates, net.updates + len(part), part)
        last = net.updates + len(part) if stopped is None else stopped + 1
        losses.append(net.memory.arrays["history"].view(np.float64)[np.arange(net.updates, last) % HISTORY_STEPS])
        net.updates = last
        if stopped is not None:
            break
    return np.concatenate(losses)


def walk(
    surface: str, start: list[float], optimizer: Any, steps: int, factors: np.ndarray | None = None, dtype: str = "float32"
) -> tuple[np.ndarray, np.ndarray]:
    """(losses (steps,), where the point ends)."""
    recipe = {"input": [1], "model": [{"point": start}], "loss": {"surface": surface}, "optimizer": optimizer}
    net = dllab.build(recipe, dtype=dtype)
    losses = train(net, np.zeros((1, 1)), None, 1, steps, factors)
    return losses, net.parameters["0_point.p"].copy()
