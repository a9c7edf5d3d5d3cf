"""He: the spread that keeps signals alike through ReLU layers."""

from __future__ import annotations

import math

from dllab.inits.scaled import Scaled


class He(Scaled):
    """He (Kaiming): values around 0 with standard deviation gain * sqrt(2 / fan_in).

    ReLU sets half of its inputs to 0 and so halves the mean square; the 2 makes up for it, and the activations of a deep
    ReLU net keep their size from layer to layer. The default before ReLU and its kin. Uniform draws lie within
    gain * sqrt(6 / fan_in).

        - dense: {units: 32, init: he}
        - dense: {units: 32, init: {he: uniform}}

    Options:

    - gain: factor of the deviation; 1 / sqrt(1 + a**2) suits leaky ReLU of slope a.

    Source: He, Zhang, Ren, Sun, Delving deep into rectifiers (2015), eq. 10.
    """

    name = "he"

    def unit_std(self, fan_in: int, fan_out: int) -> float:
        """The square root of 2 / fan_in."""
        return math.sqrt(2.0 / fan_in)
