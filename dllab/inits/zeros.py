"""Zeros: every value starts at 0."""

from __future__ import annotations

import numpy as np

from dllab.inits.initializer import Initializer


class Zeros(Initializer):
    """Zeros: every value starts at 0.

    Right for biases, which start so anyway, and for the last layer of a residual block, which then begins as the identity.
    As the weights of a layer in between it is a lesson: all units of the layer then compute the same, get the same gradient
    and stay equal for ever, so the layer never does more than one unit could.

        - dense: {units: 32, init: zeros}
        - residual: [dense: 32, relu, dense: {units: 32, init: zeros}]

    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 8.4.
    """

    name = "zeros"

    def draw(self, shape: tuple[int, ...], fans: tuple[int, int], key: int) -> np.ndarray:
        """Zeros of that shape; `fans` and `key` do not matter."""
        return np.zeros(shape)
