"""Xavier: the spread that keeps signals alike in both directions of a tanh net."""

from __future__ import annotations

import math

from dllab.inits.scaled import Distribution, Scaled


class Xavier(Scaled):
    """Xavier (Glorot): values around 0 with standard deviation gain * sqrt(2 / (fan_in + fan_out)).

    A compromise: 1/fan_in would keep the variance of the activations from layer to layer, 1/fan_out that of the
    gradients. Made for units that are near linear around 0, such as tanh; after ReLU, which lets half of the variance
    through, use he. The default of every layer whose activation asks for nothing else. Uniform draws lie within
    gain * sqrt(6 / (fan_in + fan_out)). `glorot` is the same under its author's other name.

        - dense: {units: 32, init: xavier}
        - dense: {units: 32, init: {xavier: normal}}
        - dense: {units: 32, init: {xavier: {gain: 1.67}}}

    Options:

    - gain: factor of the deviation; 5/3 is in use before tanh.

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010), eq. 16.
    """

    name = "xavier"
    distribution: Distribution = "uniform"

    def unit_std(self, fan_in: int, fan_out: int) -> float:
        """The square root of 2 / (fan_in + fan_out)."""
        return math.sqrt(2.0 / (fan_in + fan_out))
