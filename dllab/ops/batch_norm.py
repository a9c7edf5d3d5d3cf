"""Batch norm: every feature shifted and scaled by what the batch says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dllab.catalogue import Fraction
from dllab.core.bits import like, sqrt
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.ops.layer import Case, Layer
from dllab.ops.layer_norm import Gain, gain_and_bias
from dllab.symbols import BARRIER, Dim, Net, Value

# Statistics are over the rows of all shards. Each shard leaves its sums in its own row of a shared (S, F) array; behind
# a barrier every shard adds up all rows in the same order, so all of them get the same bits, on threads or in turn.
#
# Where an example has several places, rows of V = k F numbers hold k of them, so that loops are long however few features
# there are. What belongs to a feature is there a second time, k times over: mean as `middle` (V), scale as `wide_scale`.


@device
def repeat(wide: Any, of: Any) -> None:
    """wide[v] = of[v modulo F]."""
    for at in range(0, wide.shape[0], of.shape[0]):
        part = wide[at : at + of.shape[0]]
        for f in range(of.shape[0]):
            part[f] = of[f]


@device
def fold(sums: Any, wide: Any) -> None:
    """Add up what belongs to each feature."""
    for f in range(sums.shape[0]):
        sums[f] = 0
    for at in range(0, wide.shape[0], sums.shape[0]):
        part = wide[at : at + sums.shape[0]]
        for f in range(sums.shape[0]):
            sums[f] += part[f]


@kernel(sums="F:float64", wide="V:float64", x="*N V")
def sum_up(sums, wide, x):
    """The shard's sum of every feature."""
    for v in range(wide.shape[0]):
        wide[v] = 0
    for n in range(x.shape[0]):
        of = x[n]
        for v in range(of.shape[0]):
            wide[v] += of[v]
    fold(sums, wide)


@kernel(mean="F", middle="V", squares="F:float64", wide="V:float64", x="*N V", all_sums="S F:float64", batch=":int64",
        positions=":int64")  # fmt: skip
def spread(mean, middle, squares, wide, x, all_sums, batch, positions):
    """The mean over all shards, and this shard's sum of squared distances from it: two passes lose no digits."""
    for f in range(mean.shape[0]):
        total = 0.0
        for s in range(all_sums.shape[0]):
            total += all_sums[s, f]
        mean[f] = total / (batch * positions)
    repeat(middle, mean)
    for v in range(wide.shape[0]):
        wide[v] = 0
    for n in range(x.shape[0]):
        of = x[n]
        for v in range(of.shape[0]):
            distance = of[v] - middle[v]
            wide[v] += distance * distance
    fold(squares, wide)


@kernel(y="*N V", variance="F", scale="F", wide_scale="V", wide_gain="V", wide_bias="V", x="*N V", middle="V", gain="F",
        bias="F", all_squares="S F:float64", batch=":int64", positions=":int64", eps="")  # fmt: skip
def forward(
    y, variance, scale, wide_scale, wide_gain, wide_bias, x, middle, gain, bias, all_squares, batch, positions, eps
):
    """Y = gain (x - mean) scale + bias, scale = 1 / sqrt(variance + eps)."""
    for f in range(variance.shape[0]):
        total = 0.0
        for s in range(all_squares.shape[0]):
            total += all_squares[s, f]
        variance[f] = total / (batch * positions)
        scale[f] = like(eps, 1.0) / sqrt(variance[f] + eps)
    repeat(wide_scale, scale)
    repeat(wide_gain, gain)
    repeat(wide_bias, bias)
    for n in range(y.shape[0]):
        to, of = y[n], x[n]
        for v in range(to.shape[0]):
            to[v] = wide_gain[v] * ((of[v] - middle[v]) * wide_scale[v]) + wide_bias[v]


@kernel(slopes="F:float64", tilts="F:float64", wide="V:float64", wider="V:float64", dy="*N V", x="*N V", middle="V",
        wide_scale="V")  # fmt: skip
def sum_slopes(slopes, tilts, wide, wider, dy, x, middle, wide_scale):
    """The shard's sums of dy and of dy z, z = (x - mean) scale."""
    for v in range(wide.shape[0]):
        wide[v] = 0
        wider[v] = 0
    for n in range(dy.shape[0]):
        slope, of = dy[n], x[n]
        for v in range(slope.shape[0]):
            wide[v] += slope[v]
            wider[v] += slope[v] * ((of[v] - middle[v]) * wide_scale[v])
    fold(slopes, wide)
    fold(tilts, wider)


@kernel(dgain="F", tilts="F:float64")
def backward_gain(dgain, tilts):
    """Dgain = the sum of dy z; the plan adds those of the other shards."""
    for f in range(dgain.shape[0]):
        dgain[f] = tilts[f]


@kernel(dbias="F", slopes="F:float64")
def backward_bias(dbias, slopes):
    """Dbias = the sum of dy; the plan adds those of the other shards."""
    for f in range(dbias.shape[0]):
        dbias[f] = slopes[f]


@kernel(dx="*N V", level="F", tilt="F", wide_level="V", wide_tilt="V", dy="*N V", x="*N V", middle="V", wide_scale="V",
        wide_gain="V", all_slopes="S F:float64", all_tilts="S F:float64", batch=":int64", positions=":int64")  # fmt: skip
def backward_x(
    dx, level, tilt, wide_level, wide_tilt, dy, x, middle, wide_scale, wide_gain, all_slopes, all_tilts, batch, positions
):
    """Dx = gain scale (dy - mean of dy - z * mean of dy z), the means over all shards."""
    for f in range(level.shape[0]):
        slopes, tilts = 0.0, 0.0
        for s in range(all_slopes.shape[0]):
            slopes += all_slopes[s, f]
            tilts += all_tilts[s, f]
        level[f] = slopes / (batch * positions)
        tilt[f] = tilts / (batch * positions)
    repeat(wide_level, level)
    repeat(wide_tilt, tilt)
    for n in range(dx.shape[0]):
        to, slope, of = dx[n], dy[n], x[n]
        for v in range(to.shape[0]):
            z = (of[v] - middle[v]) * wide_scale[v]
            to[v] = wide_gain[v] * wide_scale[v] * (slope[v] - wide_level[v] - z * wide_tilt[v])


@kernel(running_mean="F", running_variance="F", mean="F", variance="F", momentum="", batch=":int64", positions=":int64")
def keep(running_mean, running_variance, mean, variance, momentum, batch, positions):
    """Running statistics = momentum times themselves + (1 - momentum) times those of the batch.

    The variance is taken as an estimate for all data, n / (n - 1) times that of the batch; one number alone gives none.
    """
    rest = like(momentum, 1.0) - momentum
    count = batch * positions
    for f in range(mean.shape[0]):
        running_mean[f] = momentum * running_mean[f] + rest * mean[f]
    if count > 1:
        unbiased = rest * like(momentum, count / (count - 1))
        for f in range(variance.shape[0]):
            running_variance[f] = momentum * running_variance[f] + unbiased * variance[f]


@kernel(y="*N V", scale="F", middle="V", wide_scale="V", wide_gain="V", wide_bias="V", x="*N V", running_mean="F",
        running_variance="F", gain="F", bias="F", eps="")  # fmt: skip
def infer(y, scale, middle, wide_scale, wide_gain, wide_bias, x, running_mean, running_variance, gain, bias, eps):
    """Y = gain (x - running mean) scale + bias, scale = 1 / sqrt(running variance + eps)."""
    for f in range(scale.shape[0]):
        scale[f] = like(eps, 1.0) / sqrt(running_variance[f] + eps)
    repeat(middle, running_mean)
    repeat(wide_scale, scale)
    repeat(wide_gain, gain)
    repeat(wide_bias, bias)
    for n in range(y.shape[0]):
        to, of = y[n], x[n]
        for v in range(to.shape[0]):
            to[v] = wide_gain[v] * ((of[v] - middle[v]) * wide_scale[v]) + wide_bias[v]


@kernel(dx="*N V", dy="*N V", wide_scale="V", wide_gain="V")
def infer_backward(dx, dy, wide_scale, wide_gain):
    """Dx = gain scale dy: the statistics of a frozen layer do not depend on x."""
    for n in range(dx.shape[0]):
        to, slope = dx[n], dy[n]
        for v in range(to.shape[0]):
            to[v] = wide_gain[v] * wide_scale[v] * slope[v]


class BatchNorm(Layer):
    """Batch norm: y = gain * (x - mean) / sqrt(variance + eps) + bias, each feature over the batch.

    Whatever the layers below do, what comes out keeps its scale, so larger learning rates work and deep nets train
    faster; the noise of the batch also guards a little against overfitting. Put it between a dense or convolutional
    layer (whose own bias it makes useless: `bias: false`) and its activation. Inputs (B, T, F) are normed over all B T
    positions, pictures (B, H, W, C) over all B H W, each channel by itself. It needs batches of some 8 examples and
    more; of a batch of one nothing is left but the bias, so a short last batch of one teaches nothing below. For such
    nets use layer_norm or group_norm; for sequences of several lengths layer_norm alone, since padding counts in the
    others as steps do.

    At inference running statistics stand in for the batch: each training step multiplies them by `momentum` and adds
    (1 - momentum) of the batch's, the variance as n / (n - 1) times that of the batch (a single number leaves it as it
    is). They are state, not parameters: not counted, not decayed, saved with the weights. A frozen layer uses them in
    training, too. Shards of a batch share their sums, so statistics are always those of the whole batch.

        - dense: {units: 64, bias: false}
        - batch_norm
        - relu

    Options:

    - gain: learn a factor for each feature; a number is what the factors start at, instead of 1. 0 in the last norm of a
      residual block lets the block begin as the identity.
    - bias: learn a shift for each feature.
    - momentum: how much of the running statistics a step keeps (1 - momentum is what PyTorch calls momentum).
    - eps: added to the variance, so that a feature that never varies does not divide by 0.

    Source: Ioffe and Szegedy, Batch normalization: accelerating deep network training by reducing internal covariate
    shift (2015), algorithms 1 and 2.
    """

    name = "batch_norm"
    group = "between layers"
    gain: Gain = True
    bias: bool = True
    momentum: Fraction = 0.9
    eps: Annotated[float, Field(gt=0, le=1)] = 1e-5

    cases: ClassVar[Sequence[Case]] = (
        Case(),
        Case(shape=(3, 4)),
        Case({"gain": False, "bias": False}),
        Case({"eps": 0.1}, batch=2),
        Case(batch=1),
        Case({"gain": 0.5}, shape=(3, 2, 4)),
    )

    def build(self, net: Net, x: Value) -> Value:
        """Two passes for the statistics, one for y; sums and then the gradients backward."""
        gain, bias = gain_and_bias(net, x.features, self.gain, self.bias)
        features, places = (x.features,), positions(x)
        together = places_together(places, x.features)
        running = {
            "running_mean": net.running("mean", features),
            "running_variance": net.running("variance", features, fill=1.0),
        }
        y = net.array((x.shape[0], places // together, together * x.features))
        names = ("middle", "wide_scale", "wide_gain", "wide_bias")
        operands = {"y": y, "x": net.view(x, y.shape), "gain": gain, "bias": bias, "eps": net.constant(self.eps)}
        operands |= {"scale": net.array(features, "scale"), **{name: net.array(y.shape[2:], name) for name in names}}
        if net.training and not net.frozen:
            self._train(net, operands, running, places)
        else:
            net.call(infer, backward=(infer_backward,), **operands, **running)
        return net.view(y, x.shape)

    def _train(self, net: Net, operands: dict[str, Value], running: dict[str, Value], places: int) -> None:
        features, wide = operands["scale"].shape, operands["middle"].shape
        shared = {
            name: net.shared(name, (net.shards, *_fixed(features))) for name in ("sums", "squares", "slopes", "tilts")
        }
        own = {name: net.own(whole) for name, whole in shared.items()}
        scratch = {name: net.array(wide, name, "float64") for name in ("wide", "wider")}
        mean, variance, middle = net.array(features, "mean"), net.array(features, "variance"), operands["middle"]
        count: dict[str, Any] = {"batch": net.counter("batch"), "positions": net.whole(places)}
        net.call(sum_up, sums=own["sums"], wide=scratch["wide"], x=operands["x"])
        net.barrier()
        net.call(
            spread, mean=mean, middle=middle, squares=own["squares"], wide=scratch["wide"], x=operands["x"],
            all_sums=shared["sums"], **count,
        )  # fmt: skip
        net.barrier()
        net.call(
            forward, backward=(sum_slopes, backward_gain, backward_bias, BARRIER, backward_x), variance=variance,
            level=net.array(features, "level"), tilt=net.array(features, "tilt"), wide_level=net.array(wide, "wide_level"),
            wide_tilt=net.array(wide, "wide_tilt"), slopes=own["slopes"], tilts=own["tilts"],
            all_squares=shared["squares"], all_slopes=shared["slopes"], all_tilts=shared["tilts"], **operands, **scratch,
            **count,
        )  # fmt: skip
        momentum = net.constant(self.momentum)
        net.update_running(keep, mean=mean, variance=variance, momentum=momentum, **running, **count)


WIDEST = 512
"""Numbers in a row of several places; its sums and factors stay in the nearest cache."""


def places_together(places: int, features: int) -> int:
    """How many places of an example make a row: the most that divide them and keep the row short."""
    return max(k for k in range(1, max(WIDEST // features, 1) + 1) if places % k == 0)


def _fixed(shape: Sequence[Dim]) -> list[int]:
    return [int(size) for size in shape]


def positions(x: Value) -> int:
    """How many feature vectors one example has: T for (B, T, F)."""
    number = 1
    for size in x.shape[1:-1]:
        assert isinstance(size, int)
        number *= size
    return number
