"""Cosine: the learning rate falls along half a cosine to the end of the run."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from dllab.catalogue import Fraction
from dllab.schedules.schedule import Schedule


class Cosine(Schedule):
    """Cosine: the learning rate falls along half a cosine, from its full value to the share `final` of it.

    final + (1 - final) * (1 + cos(pi * t / T)) / 2 at step t of T. It lingers at high rates, passes half way through the
    fall at half time, and ends flat. A good default when the length of the run is known; there is nothing to tune. The
    end value belongs to t = T, the step that would follow the last one, so that no update is wasted on a rate of 0.

        schedule: cosine
        schedule: {name: cosine, warmup: 50, final: 0.1}

    Options:

    - final: where the fall ends, as a share of the learning rate.

    Source: Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts (2017), eq. 5, without restarts.
    """

    name = "cosine"
    main: ClassVar[str | None] = "final"
    final: Fraction = 0.0

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        """The curve at each step; from `total` on it stays at `final`."""
        progress = np.minimum(steps / total, 1.0)
        return self.final + (1.0 - self.final) * (1.0 + np.cos(np.pi * progress)) / 2.0
