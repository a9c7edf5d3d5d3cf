"""LeCun: the spread that keeps the variance of a linear unit's inputs."""

from __future__ import annotations

import math

from dllab.inits.scaled import Scaled


class LeCun(Scaled):
    """LeCun: values around 0 with standard deviation gain * sqrt(1 / fan_in).

    A sum of fan_in inputs of variance 1 then has variance 1 itself. The choice before SELU, whose self-normalisation is
    worked out for it, and for linear layers. Uniform draws lie within gain * sqrt(3 / fan_in).

        - dense: {units: 32, init: lecun}

    Source: LeCun, Bottou, Orr, Mueller, Efficient backprop (1998), eq. 16; Klambauer et al., Self-normalizing neural
    networks (2017).
    """

    name = "lecun"

    def unit_std(self, fan_in: int, fan_out: int) -> float:
        """The square root of 1 / fan_in."""
        return math.sqrt(1.0 / fan_in)
