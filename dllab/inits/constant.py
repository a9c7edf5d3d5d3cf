"""Constant: every value starts at one number."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from dllab.inits.initializer import Initializer


class Constant(Initializer):
    """Constant: every value starts at `value`.

    Equal weights do not break the symmetry between the units of a layer, so use it for a net of known weights, or to show
    what symmetry does.

        - dense: {units: 1, init: {constant: 0.5}}

    Options:

    - value: the number.

    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 8.4.
    """

    name = "constant"
    main: ClassVar[str | None] = "value"
    value: Annotated[float, Field(allow_inf_nan=False)]

    def draw(self, shape: tuple[int, ...], fans: tuple[int, int], key: int) -> np.ndarray:
        """`value` at every place; `fans` and `key` do not matter."""
        return np.full(shape, float(self.value))
