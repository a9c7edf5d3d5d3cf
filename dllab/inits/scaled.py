"""What xavier, he and lecun have in common: the spread of the weights follows the size of the layer."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from dllab.core import rng
from dllab.inits.initializer import Initializer

Distribution = Literal["uniform", "normal"]


class Scaled(Initializer):
    """Base of initializers whose standard deviation is `gain` times `unit_std(fan_in, fan_out)`.

    Options:

    - distribution: normal with that deviation, or uniform between its multiples by -sqrt(3) and sqrt(3), which has the
      same deviation.
    - gain: factor of the deviation.
    """

    group = "suited to the size of the layer"
    main: ClassVar[str | None] = "distribution"
    distribution: Distribution = "normal"
    gain: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0

    def unit_std(self, fan_in: int, fan_out: int) -> float:
        """The standard deviation at gain 1 of weights with that many inputs and outputs for each unit."""
        raise NotImplementedError

    def draw(self, shape: tuple[int, ...], fans: tuple[int, int], key: int) -> np.ndarray:
        """Values of that shape around 0."""
        std = self.gain * self.unit_std(*fans)
        count = math.prod(shape)
        if self.distribution == "normal":
            return std * rng.normal(key, count).reshape(shape)
        limit = math.sqrt(3.0) * std
        return limit * (2.0 * rng.uniform(key, count) - 1.0).reshape(shape)
