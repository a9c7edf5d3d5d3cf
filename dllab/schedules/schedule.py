"""What a schedule is: options, and a factor of the learning rate for every step."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from dllab.catalogue import Part


class Schedule(Part):
    """Base of all schedules. `warmup` steps in front of any of them rise linearly from 1/warmup to 1."""

    warmup: Annotated[int, Field(ge=0)] = 0

    def factors(self, steps: np.ndarray, total: int) -> np.ndarray:
        """The learning rate's factor at each of `steps` (int64, counted from 0) of a run of `total` steps."""
        after = self.shape(np.maximum(steps - self.warmup, 0), max(total - self.warmup, 1))
        return np.where(steps < self.warmup, (steps + 1) / max(self.warmup, 1), after)

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        """The factors after the warm-up, which `steps` and `total` do not count."""
        raise NotImplementedError
