"""Group norm: every example shifted and scaled by its own channels, a group of them at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dllab.catalogue import Size
from dllab.core.bits import like, sqrt
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.ops.batch_norm import fold, places_together, positions, repeat
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


# Rows hold V = k C numbers, k places together, as in batch_norm: sums run over them with all channels side by side, which
# is how the numbers lie, and come together for each channel, then for each group. `middle` and `wide_scale` (V) are the
# mean and the scale of one example's channels, k times over.


@kernel(y="B P V", mean="B C", scale="B C", wide="V", middle="V", wide_scale="V", wide_gain="V", wide_bias="V", x="B P V",
        gain="C", bias="C", groups=":int64", count=":int64", eps="")  # fmt: skip
def forward(y, mean, scale, wide, middle, wide_scale, wide_gain, wide_bias, x, gain, bias, groups, count, eps):
    """Y = gain (x - mean) scale + bias, scale = 1 / sqrt(variance + eps), both of `count` numbers of an example."""
    repeat(wide_gain, gain)
    repeat(wide_bias, bias)
    numbers_of_group = like(eps, count)
    for n in range(y.shape[0]):
        for v in range(wide.shape[0]):
            wide[v] = 0
        for p in range(x.shape[1]):
            of = x[n, p]
            for v in range(of.shape[0]):
                wide[v] += of[v]
        fold(mean[n], wide)
        share(mean[n], groups, numbers_of_group)
        repeat(middle, mean[n])
        for v in range(wide.shape[0]):
            wide[v] = 0
        for p in range(x.shape[1]):
            of = x[n, p]
            for v in range(of.shape[0]):
                wide[v] += (of[v] - middle[v]) * (of[v] - middle[v])
        factor = scale[n]
        fold(factor, wide)
        share(factor, groups, numbers_of_group)
        for c in range(factor.shape[0]):
            factor[c] = like(eps, 1.0) / sqrt(factor[c] + eps)
        repeat(wide_scale, factor)
        for p in range(x.shape[1]):
            of, to = x[n, p], y[n, p]
            for v in range(to.shape[0]):
                to[v] = wide_gain[v] * ((of[v] - middle[v]) * wide_scale[v]) + wide_bias[v]


@kernel(dx="B P V", level="C", tilt="C", wide="V", wider="V", middle="V", wide_scale="V", dy="B P V", mean="B C",
        scale="B C", x="B P V", gain="C", wide_gain="V", groups=":int64", count=":int64")  # fmt: skip
def backward_x(dx, level, tilt, wide, wider, middle, wide_scale, dy, mean, scale, x, gain, wide_gain, groups, count):
    """Dx = scale (g - mean of g - z * mean of g z), z = (x - mean) scale and g = gain dy, the means over the group."""
    for n in range(dx.shape[0]):
        factor = scale[n]
        repeat(middle, mean[n])
        repeat(wide_scale, factor)
        for v in range(wide.shape[0]):
            wide[v] = 0
            wider[v] = 0
        for p in range(x.shape[1]):
            slope, of = dy[n, p], x[n, p]
            for v in range(of.shape[0]):
                wide[v] += slope[v]
                wider[v] += slope[v] * (of[v] - middle[v])
        fold(level, wide)
        fold(tilt, wider)
        for c in range(level.shape[0]):
            level[c] *= gain[c]
            tilt[c] *= gain[c] * factor[c] * factor[c]
        share(level, groups, like(gain[0], count))
        share(tilt, groups, like(gain[0], count))
        repeat(wide, level)
        repeat(wider, tilt)
        for p in range(x.shape[1]):
            to, slope, of = dx[n, p], dy[n, p], x[n, p]
            for v in range(to.shape[0]):
                to[v] = wide_scale[v] * (wide_gain[v] * slope[v] - wide[v] - (of[v] - middle[v]) * wider[v])


@kernel(dgain="C", wide="V", middle="V", wide_scale="V", dy="B P V", mean="B C", scale="B C", x="B P V")
def backward_gain(dgain, wide, middle, wide_scale, dy, mean, scale, x):
    """Dgain = the sum of dy z over all examples and places, z = (x - mean) scale."""
    for v in range(wide.shape[0]):
        wide[v] = 0
    for n in range(dy.shape[0]):
        repeat(middle, mean[n])
        repeat(wide_scale, scale[n])
        for p in range(dy.shape[1]):
            slope, of = dy[n, p], x[n, p]
            for v in range(slope.shape[0]):
                wide[v] += slope[v] * ((of[v] - middle[v]) * wide_scale[v])
    fold(dgain, wide)


@kernel(dbias="C", wide="V", dy="B P V")
def backward_bias(dbias, wide, dy):
    """Dbias = the sum of dy over all examples and places."""
    for v in range(wide.shape[0]):
        wide[v] = 0
    for n in range(dy.shape[0]):
        for p in range(dy.shape[1]):
            slope = dy[n, p]
            for v in range(slope.shape[0]):
                wide[v] += slope[v]
    fold(dbias, wide)


class GroupNorm(Layer):
    """Group norm: y = gain * (x - mean) / sqrt(variance + eps) + bias, over a group of channels.

    The channels are cut into `groups` equal parts, and each part of each example, over all H and W, is brought to mean 0
    and variance 1 by itself, then stretched and shifted by what is learnt for each channel. It does the same in training
    and at inference and does not care how large a batch is: for pictures what layer_norm is for vectors, where batches
    are too small for batch_norm. One group is layer norm over the whole picture, a group for each channel is
    instance_norm. The variance divides by the numbers of the group. Padding of sequences of several lengths counts as
    steps do, so that an answer depends on how far its row is filled up: take layer_norm for those.

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
    batch, channels, places = x.shape[0], x.features, positions(x)
    together = places_together(places, channels)
    y = net.array((batch, places // together, together * channels))
    scratch = {name: net.array((batch, channels), name) for name in ("mean", "scale")}
    scratch |= {name: net.array((channels,), name) for name in ("level", "tilt")}
    wide = ("wide", "wider", "middle", "wide_scale", "wide_gain", "wide_bias")
    scratch |= {name: net.array(y.shape[2:], name) for name in wide}
    net.call(
        forward, backward=(backward_x, backward_gain, backward_bias), y=y, x=net.view(x, y.shape), gain=factor,
        bias=shift, groups=net.whole(groups), count=net.whole(places * channels // groups), eps=net.constant(eps),
        **scratch,
    )  # fmt: skip
    return net.view(y, x.shape)
