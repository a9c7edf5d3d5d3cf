"""Group norm: every example shifted and scaled by its own channels, a group of them at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dllab.catalogue import Size
from dllab.core.bits import like, sqrt
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.ops.flatten import numbers
from dllab.ops.layer import Case, Layer
from dllab.ops.layer_norm import Gain, gain_and_bias
from dllab.symbols import Net, ShapeError, Value

Epsilon = Annotated[float, Field(gt=0, le=1)]


@device
def share(of: Any, groups: int, count: Any) -> None:
    """Every channel gets the total of its group, divided by the numbers of the group."""
    width = of.shape[0] // groups
    for g in range(groups):
        part = of[g * width : g * width + width]
        total = like(count, 0.0)
        for c in range(part.shape[0]):
            total += part[c]
        total /= count
        for c in range(part.shape[0]):
            part[c] = total


# Sums run over the places with all channels side by side, which is how the numbers lie; groups come together at the end.


@kernel(y="B P C", mean="B C", scale="B C", x="B P C", gain="C", bias="C", groups=":int64", eps="")
def forward(y, mean, scale, x, gain, bias, groups, eps):
    """Y = gain (x - mean) scale + bias, scale = 1 / sqrt(variance + eps), both of an example's group of channels."""
    places = x.shape[1]
    count = like(eps, places * (x.shape[2] // groups))
    for n in range(y.shape[0]):
        middle, factor = mean[n], scale[n]
        for c in range(middle.shape[0]):
            middle[c] = 0
            factor[c] = 0
        for p in range(places):
            of = x[n, p]
            for c in range(of.shape[0]):
                middle[c] += of[c]
        share(middle, groups, count)
        for p in range(places):
            of = x[n, p]
            for c in range(of.shape[0]):
                factor[c] += (of[c] - middle[c]) * (of[c] - middle[c])
        share(factor, groups, count)
        for c in range(factor.shape[0]):
            factor[c] = like(eps, 1.0) / sqrt(factor[c] + eps)
        for p in range(places):
            of, to = x[n, p], y[n, p]
            for c in range(to.shape[0]):
                to[c] = gain[c] * ((of[c] - middle[c]) * factor[c]) + bias[c]


@kernel(dx="B P C", level="B C", tilt="B C", dy="B P C", mean="B C", scale="B C", x="B P C", gain="C", groups=":int64")
def backward_x(dx, level, tilt, dy, mean, scale, x, gain, groups):
    """Dx = scale (g - mean of g - z * mean of g z), z = (x - mean) scale and g = gain dy, the means over the group."""
    places = x.shape[1]
    for n in range(dx.shape[0]):
        middle, factor, total, product = mean[n], scale[n], level[n], tilt[n]
        for c in range(total.shape[0]):
            total[c] = 0
            product[c] = 0
        for p in range(places):
            slope, of = dy[n, p], x[n, p]
            for c in range(of.shape[0]):
                total[c] += slope[c]
                product[c] += slope[c] * (of[c] - middle[c])
        for c in range(total.shape[0]):
            total[c] *= gain[c]
            product[c] *= gain[c] * factor[c] * factor[c]
        count = like(factor[0], places * (x.shape[2] // groups))
        share(total, groups, count)
        share(product, groups, count)
        for p in range(places):
            to, slope, of = dx[n, p], dy[n, p], x[n, p]
            for c in range(to.shape[0]):
                to[c] = factor[c] * (gain[c] * slope[c] - total[c] - (of[c] - middle[c]) * product[c])


@kernel(dgain="C", dy="B P C", mean="B C", scale="B C", x="B P C")
def backward_gain(dgain, dy, mean, scale, x):
    """Dgain = the sum of dy z over all examples and places, z = (x - mean) scale."""
    for c in range(dgain.shape[0]):
        dgain[c] = 0
    for n in range(dy.shape[0]):
        middle, factor = mean[n], scale[n]
        for p in range(dy.shape[1]):
            slope, of = dy[n, p], x[n, p]
            for c in range(slope.shape[0]):
                dgain[c] += slope[c] * ((of[c] - middle[c]) * factor[c])


@kernel(dbias="C", dy="*N C")
def backward_bias(dbias, dy):
    """Dbias = the sum of dy over all examples and places."""
    for c in range(dbias.shape[0]):
        dbias[c] = 0
    for n in range(dy.shape[0]):
        slope = dy[n]
        for c in range(slope.shape[0]):
            dbias[c] += slope[c]


class GroupNorm(Layer):
    """Group norm: y = gain * (x - mean) / sqrt(variance + eps) + bias, over a group of channels.

    The channels are cut into `groups` equal parts, and each part of each example, over all H and W, is brought to mean 0
    and variance 1 by itself, then stretched and shifted by what is learnt for each channel. It does the same in training
    and at inference and does not care how large a batch is: for pictures what layer_norm is for vectors, where batches are
    too small for batch_norm. One group is layer norm over the whole picture, a group for each channel is instance_norm.
    The variance divides by the numbers of the group.

        - group_norm: 4
        - relu

    Options:

    - groups: into how many parts the channels are cut; it divides their number.
    - gain: learn a factor for each channel; a number is what the factors start at, instead of 1.
    - bias: learn a shift for each channel.
    - eps: added to the variance, so that a group of equal numbers does not divide by 0.

    Source: Wu and He, Group normalization (2018).
    """

    name = "group_norm"
    group = "between layers"
    main = "groups"
    groups: Size
    gain: Gain = True
    bias: bool = True
    eps: Epsilon = 1e-5

    cases: ClassVar[Sequence[Case]] = (
        Case({"groups": 2}, shape=(3, 2, 4)),
        Case({"groups": 1, "gain": False, "bias": False}, shape=(4, 3)),
        Case({"groups": 3, "gain": 0.5, "eps": 0.1}, shape=(6,), batch=1),
    )

    def build(self, net: Net, x: Value) -> Value:
        """One row forward; the gradients of x, gain and bias in a row each."""
        if x.features % self.groups:
            can = ", ".join(str(size) for size in range(1, x.features + 1) if x.features % size == 0)
            raise ShapeError(f"{x.features} channels are not cut into {self.groups} equal groups; groups can be {can}")
        return normed(net, x, self.groups, self.gain, self.bias, self.eps)


def normed(net: Net, x: Value, groups: int, gain: Gain, bias: bool, eps: float) -> Value:
    """The rows of group norm; what instance norm is made of, too."""
    factor, shift = gain_and_bias(net, x.features, gain, bias)
    batch, channels = x.shape[0], x.features
    places = numbers(x.shape) // channels
    y, per_channel = net.array((batch, places, channels)), (batch, channels)
    scratch = {name: net.array(per_channel, name) for name in ("mean", "scale", "level", "tilt")}
    net.call(
        forward, backward=(backward_x, backward_gain, backward_bias), y=y, x=net.view(x, y.shape), gain=factor,
        bias=shift, groups=net.whole(groups), eps=net.constant(eps), **scratch,
    )  # fmt: skip
    return net.view(y, x.shape)
