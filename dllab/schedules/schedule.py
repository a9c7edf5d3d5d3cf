"""What a schedule is: options, and a factor of the learning rate for every step."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from dllab.catalogue import Part


class Schedule(Part):
    """Base of all schedules.

    Options:

    - warmup: steps in front of it that rise linearly from near 0 to where it starts.
    """

    warmup: Annotated[int, Field(ge=0, le=10**9)] = 0

    def factors(self, steps: np.ndarray, total: int) -> np.ndarray:
        """The learning rate's factor at each of `steps` (int64, counted from 0) of a run of `total` steps.

        Step s of the warm-up has (s + 1) / warmup of the first factor after it. Every factor depends on its own step
        alone, so a run may ask for them in pieces.
        """
        total = max(total - self.warmup, 1)
        after = self.shape(np.maximum(steps - self.warmup, 0), total)
        rise = (steps + 1) / max(self.warmup, 1) * self.shape(np.zeros(1, np.int64), total)
        return np.where(steps < self.warmup, rise, after)

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        """The factors after the warm-up, which `steps` and `total` do not count."""
        raise NotImplementedError
