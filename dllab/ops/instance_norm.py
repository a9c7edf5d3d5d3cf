"""Instance norm: every channel of every example shifted and scaled by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dllab.ops.flatten import numbers
from dllab.ops.group_norm import Epsilon, normed
from dllab.ops.layer import Case, Layer
from dllab.ops.layer_norm import Gain
from dllab.symbols import Net, ShapeError, Value


class InstanceNorm(Layer):
    """Instance norm: y = gain * (x - mean) / sqrt(variance + eps) + bias, for each example and channel.

    Mean and variance are over H and W. What is left of a channel is where it is high and low, not how strong it is:
    contrast and colour of a picture go, which is what style transfer wants, and what a classifier may miss. The same in
    training and at inference. It is group_norm with a group for each channel. The variance divides by the number of
    places. Padding of sequences of several lengths counts as steps do, so that an answer depends on how far its row is
    filled up: take layer_norm for those.

        - instance_norm
        - relu

    Options:

    - gain: learn a factor for each channel; a number is what the factors start at, instead of 1.
    - bias: learn a shift for each channel.
    - eps: added to the variance, so that a channel of equal numbers does not divide by 0.

    Source: Ulyanov, Vedaldi, Lempitsky, Instance normalization: the missing ingredient for fast stylization (2016).
    """

    name = "instance_norm"
    group = "between layers"
    gain: Gain = True
    bias: bool = True
    eps: Epsilon = 1e-5

    cases: ClassVar[Sequence[Case]] = (
        Case(shape=(3, 2, 4)),
        Case({"gain": False, "bias": False}, shape=(5, 3)),
        Case({"gain": 0.5, "eps": 0.1}, shape=(2, 2, 1), batch=1),
    )

    def build(self, net: Net, x: Value) -> Value:
        """As group norm, with groups of one channel."""
        if numbers(x.shape) == x.features:
            raise ShapeError(f"of one place with {x.features} numbers it would leave nothing; take layer_norm")
        return normed(net, x, x.features, self.gain, self.bias, self.eps)
