"""Step: the learning rate drops at certain steps and stays in between."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator

from dllab.schedules.schedule import Schedule

Count = Annotated[int, Field(ge=1, le=10**9)]


class Step(Schedule):
    """Step: the learning rate is multiplied by `factor` every `every` steps, or at each of the steps in `at`.

    factor^floor(t / every), or factor^(how many of `at` are <= t), at step t. The classic of image nets: train until
    the loss stalls, drop the rate tenfold, see the loss fall again. Steps are updates, counted from 0 after the warm-up.

        schedule: {name: step, every: 1000}
        schedule: {name: step, at: [500, 800], factor: 0.2}

    Options:

    - every: steps between two drops; this or `at`.
    - at: the steps of the drops; this or `every`.
    - factor: what the rate is multiplied by at a drop.

    Source: He, Zhang, Ren, Sun, Deep residual learning for image recognition (2016), section 3.4.
    """

    name = "step"
    main: ClassVar[str | None] = "every"
    every: Count | None = None
    at: Annotated[tuple[Count, ...], Field(strict=False, min_length=1)] | None = None
    factor: Annotated[float, Field(gt=0, le=1)] = 0.1

    @model_validator(mode="after")
    def _one_rhythm(self) -> Step:
        if (self.every is None) == (self.at is None):
            given = "neither every nor at says" if self.every is None else "both every and at say"
            raise ValueError(f"{given} when the rate drops; give one of them")
        return self

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        """`factor` to the power of the drops so far."""
        drops = steps // self.every if self.at is None else np.searchsorted(np.sort(self.at), steps, side="right")
        return np.power(self.factor, drops.astype(np.float64))
