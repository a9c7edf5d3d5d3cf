"""Constant: the same learning rate throughout."""

from __future__ import annotations

import numpy as np

from dllab.schedules.schedule import Schedule


class Constant(Schedule):
    """Constant: the factor is 1 at every step, so the learning rate is the optimizer's own.

    What a recipe without a schedule gets. With `warmup` it rises first and then stays.

        schedule: constant
        schedule: {name: constant, warmup: 100}

    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 8.3.1.
    """

    name = "constant"

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        """Ones."""
        return np.ones(len(steps))
