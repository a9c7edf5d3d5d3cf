"""What gradients cost, in forward passes, counted so that no clock has a say: of the plan, and by trying every weight.

Every row of a plan is a kernel with the sizes of its dimensions. A product of matrices (dense) takes as many multiply-adds
as all its dimensions multiplied: y (N, O) = x (N, I) w (I, O) takes N O I. Any other kernel counts one operation for each
number of the largest array that it goes through.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dllab.engine.network import Network
from dllab.lab.gradcheck import LossAtPoint
from dllab.plan.row import Row
from dllab.symbols import BATCH_DIM

PROGRAM = "train:plain"
PRODUCTS = "ops.dense."


@dataclass(frozen=True)
class Passes:
    """Operations of the way forward, loss included, and of the way back, for one batch."""

    forward: int
    backward: int

    @property
    def whole(self) -> float:
        """Both together, in forward passes."""
        return (self.forward + self.backward) / self.forward


def passes(network: Network, rows: int) -> Passes:
    """The cost of one batch of so many rows. Raises ValueError for layers whose arithmetic is not that of dense ones."""
    others = [info.path for info in network.plan.infos if info.multiply_adds and info.kind not in ("dense", "repeat")]
    if others:
        raise ValueError(f"only dense layers and layers without weights are counted, not {', '.join(others)}")
    program = network.plan.program(PROGRAM)
    forward, backward = program.rows[program.step : program.backward], program.rows[program.backward : program.probe]
    return Passes(*(sum(_work(row, rows) for row in part) for part in (forward, backward)))


def by_trying(network: Network, x: ArrayLike, y: ArrayLike, step: float = 1e-5) -> tuple[dict[str, NDArray[Any]], int]:
    """The gradient of a batch's loss without a way back: each parameter a bit more, then a bit less. And forward passes.

    Exact to about step^2, less what rounding makes of small steps: use a net in float64.
    """
    found, count = {}, 0
    with LossAtPoint(network, x, y) as loss:
        for label, values in network.parameters.items():
            slopes = np.empty(values.size)
            for place in range(values.size):
                at = loss.along(values, place)
                slopes[place] = (at(step) - at(-step)) / (2 * step)
                count += 2
            found[label] = slopes.reshape(values.shape)
    return found, count


def _work(row: Row, rows: int) -> int:
    """Operations of a row; none for what only moves numbers, or adds up what is shown of a step."""
    if row.kernel is None or row.kernel.title.startswith("plan."):
        return 0
    if row.kernel.title.startswith(PRODUCTS):
        return prod(number * rows ** len(live) for number, live in row.sizes())
    return max(prod(rows if size == BATCH_DIM else int(size) for size in value.shape) for value in row.operands.values())
