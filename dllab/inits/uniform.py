"""Uniform: independent draws from an interval."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator

from dllab.core import rng
from dllab.inits.initializer import Initializer

DEFAULT_LIMIT = 0.05

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Uniform(Initializer):
    """Uniform: independent draws between `low` (included) and `high`, or between -`limit` and `limit`.

    Its standard deviation is (high - low) / sqrt(12), so a limit of 0.05 is about as wide as normal's 0.03. The width
    does not follow the number of inputs; xavier does that.

        - dense: {units: 32, init: {uniform: 0.1}}
        - dense: {units: 32, init: {uniform: {low: 0.0, high: 0.2}}}

    Options:

    - limit: draws lie between -limit and limit; left out, 0.05, unless `low` and `high` are given.
    - low: least value, with `high`.
    - high: end of the range, above `low`.

    Source: LeCun, Bottou, Orr, Mueller, Efficient backprop (1998), section 4.6.
    """

    name = "uniform"
    main: ClassVar[str | None] = "limit"
    limit: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    low: Finite | None = None
    high: Finite | None = None

    @model_validator(mode="after")
    def _one_interval(self) -> Uniform:
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high go together; give both, or limit alone")
        if self.low is not None and self.limit is not None:
            raise ValueError("both limit and low, high give the interval; keep one")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        return self

    @property
    def interval(self) -> tuple[float, float]:
        """The two ends."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        limit = DEFAULT_LIMIT if self.limit is None else self.limit
        return -limit, limit

    def draw(self, shape: tuple[int, ...], fans: tuple[int, int], key: int) -> np.ndarray:
        """Uniform values of that shape; `fans` do not matter."""
        low, high = self.interval
        return low + (high - low) * rng.uniform(key, math.prod(shape)).reshape(shape)
