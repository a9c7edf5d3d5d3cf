"""One cycle: the learning rate rises to a peak and falls to almost nothing."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from dllab.catalogue import Fraction
from dllab.schedules.schedule import Schedule


class OneCycle(Schedule):
    """One cycle: the learning rate rises from `start` to its full value, then falls to `final`.

    The optimizer's learning rate is the peak, reached after the share `peak_at` of the steps; `start` and `final` are
    shares of it. High rates in the middle cross the loss surface quickly and keep to wide valleys; the long fall
    settles. With progress q from 0 to 1 on either side the rate goes from a to b as a + (b - a) * q (linear) or
    a + (b - a) * (1 - cos(pi * q)) / 2 (cosine). The end value belongs to the step that would follow the last one. The
    rise is itself a warm-up, so `warmup` (up to `start`) is rarely wanted on top.

        schedule: one_cycle
        schedule: {name: one_cycle, peak_at: 0.5, curve: linear}

    Options:

    - start: where the rise begins, as a share of the peak.
    - peak_at: share of the steps until the peak; 0: no rise.
    - final: where the fall ends, as a share of the peak.
    - curve: the form of rise and fall.

    Source: Smith and Topin, Super-convergence: very fast training of neural networks using large learning rates (2018).
    """

    name = "one_cycle"
    main: ClassVar[str | None] = "peak_at"
    start: Annotated[float, Field(ge=0, le=1)] = 0.04
    peak_at: Fraction = 0.3
    final: Fraction = 0.0
    curve: Literal["cosine", "linear"] = "cosine"

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        """The curve at each step; from `total` on it stays at `final`."""
        peak = self.peak_at * total
        rising = self._between(self.start, 1.0, np.minimum(steps, peak) / peak) if peak > 0 else np.ones(len(steps))
        falling = self._between(1.0, self.final, (steps - peak) / (total - peak))
        return np.where(steps < peak, rising, falling)

    def _between(self, a: float, b: float, progress: np.ndarray) -> np.ndarray:
        q: np.ndarray = np.clip(progress, 0.0, 1.0)
        if self.curve == "cosine":
            q = (1.0 - np.cos(np.pi * q)) / 2.0
        return a + (b - a) * q
