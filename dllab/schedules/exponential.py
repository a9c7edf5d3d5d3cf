"""Exponential: the learning rate shrinks by the same share at every step."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator

from dllab.schedules.schedule import Schedule


class Exponential(Schedule):
    """Exponential: the learning rate is multiplied by `decay` at every step: decay^t, or 2^(-t / half_life).

    A smooth fall whose speed does not depend on the length of the run: a half-life of 500 halves the rate every 500
    steps. Late in a long run the rate is nearly nothing; cosine fits itself to the length instead.

        schedule: {name: exponential, half_life: 500}
        schedule: {name: exponential, decay: 0.999}

    Options:

    - decay: factor at every step; this or `half_life`.
    - half_life: steps in which the rate halves; this or `decay`.

    Source: Senior, Heigold, Ranzato, Yang, An empirical study of learning rates in deep neural networks for speech
    recognition (2013), "exponential scheduling".
    """

    name = "exponential"
    main: ClassVar[str | None] = "half_life"
    decay: Annotated[float, Field(gt=0, le=1)] | None = None
    half_life: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _one_speed(self) -> Exponential:
        if (self.decay is None) == (self.half_life is None):
            given = "neither decay nor half_life says" if self.decay is None else "both decay and half_life say"
            raise ValueError(f"{given} how fast the rate falls; give one of them")
        return self

    def shape(self, steps: np.ndarray, total: int) -> np.ndarray:
        """The power at each step."""
        if self.decay is not None:
            return np.power(self.decay, steps.astype(np.float64))
        assert self.half_life is not None
        with np.errstate(over="ignore"):  # a very short half-life: 0 from the second step on
            return np.exp2(-steps / self.half_life)
