"""Normal: independent draws from a bell curve of fixed width."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from dllab.core import rng
from dllab.inits.initializer import Initializer


class Normal(Initializer):
    """Normal: independent draws with mean `mean` and standard deviation `std`, whatever the size of the layer.

    The width does not follow the number of inputs, so one value suits one width of net: too small and signals fade with
    depth, too large and they explode. xavier and he choose it by the layer.

        - dense: {units: 32, init: normal}
        - dense: {units: 32, init: {normal: 0.01}}

    Options:

    - std: standard deviation.
    - mean: where the middle lies.

    Source: Krizhevsky, Sutskever, Hinton, ImageNet classification with deep convolutional neural networks (2012), where
    every weight starts with a standard deviation of 0.01.
    """

    name = "normal"
    main: ClassVar[str | None] = "std"
    std: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.05
    mean: Annotated[float, Field(allow_inf_nan=False)] = 0.0

    def draw(self, shape: tuple[int, ...], fans: tuple[int, int], key: int) -> np.ndarray:
        """Normal values of that shape; `fans` do not matter."""
        return self.mean + self.std * rng.normal(key, math.prod(shape)).reshape(shape)
