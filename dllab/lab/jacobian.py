"""How every output of a net depends on every input, at one example: the Jacobian, by differences."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dllab.engine.network import Network

STEP = 1e-4


def jacobian(network: Network, x: ArrayLike, step: float = STEP) -> NDArray[np.float64]:
    """The slopes (*inputs, *outputs) of a net at one example x (*inputs), as central differences.

    Exactly 0 where an output does not see an input, if each number of the outputs is computed in the same way whatever the
    others are. In float32 the differences are coarse: use a net in float64.
    """
    here = np.asarray(x, np.float64)
    moves = step * np.eye(here.size).reshape(here.size, *here.shape)  # one input at a time
    outputs = network.forward(np.concatenate([here + moves, here - moves])).astype(np.float64)
    slopes = (outputs[: here.size] - outputs[here.size :]) / (2 * step)
    return slopes.reshape(*here.shape, *network.output_shape)
