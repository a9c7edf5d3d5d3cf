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
from dllab.ops.wide_rows import fold, length, repeat, zero
from dllab.symbols import BARRIER, Net, Value

# Statistics are over the rows of all shards. Each shard leaves its sums in its own row of a shared (S, F) array; behind
# a barrier every shard adds up all rows in the same order, so all of them get the same bits, on threads or in turn.


@kernel(sums="F:float64", x="*N", wide="L:float64")
def sum_up(sums, x, wide):
    """The shard's sum of every feature."""
    zero(wide)
    for at in range(0, x.shape[0], wide.shape[0]):
        of = x[at : at + wide.shape[0]]
        for i in range(of.shape[0]):
            wide[i] += of[i]
    fold(sums, wide)


@kernel(mean="F", squares="F:float64", x="*N", all_sums="S F:float64", wide="L:float64", means="L", batch=":int64",
        positions=":int64")  # fmt: skip
def spread(mean, squares, x, all_sums, wide, means, batch, positions):
    """The mean over all shards, and this shard's sum of squared distances from it: two passes lose no digits."""
    for f in range(mean.shape[0]):
        total = 0.0
        for s in range(all_sums.shape[0]):
            total += all_sums[s, f]
        mean[f] = total / (batch * positions)
    repeat(means, mean)
    zero(wide)
    for at in range(0, x.shape[0], wide.shape[0]):
        of = x[at : at + wide.shape[0]]
        for i in range(of.shape[0]):
            distance = of[i] - means[i]
            wide[i] += distance * distance
    fold(squares, wide)


@kernel(y="*N", variance="F", scale="F", x="*N", gain="F", bias="F", all_squares="S F:float64", means="L", scales="L",
        gains="L", biases="L", batch=":int64", positions=":int64", eps="")  # fmt: skip
def forward(y, variance, scale, x, gain, bias, all_squares, means, scales, gains, biases, batch, positions, eps):
    """Y = gain (x - mean) scale + bias, scale = 1 / sqrt(variance + eps)."""
    for f in range(variance.shape[0]):
        total = 0.0
        for s in range(all_squares.shape[0]):
            total += all_squares[s, f]
        variance[f] = total / (batch * positions)
        scale[f] = like(eps, 1.0) / sqrt(variance[f] + eps)
    repeat(scales, scale)
    repeat(gains, gain)
    repeat(biases, bias)
    _normed(y, x, means, scales, gains, biases)


@device
def _normed(y: Any, x: Any, means: Any, scales: Any, gains: Any, biases: Any) -> None:
    for at in range(0, y.shape[0], means.shape[0]):
        to, of = y[at : at + means.shape[0]], x[at : at + means.shape[0]]
        for i in range(to.shape[0]):
            to[i] = gains[i] * ((of[i] - means[i]) * scales[i]) + biases[i]


@kernel(slopes="F:float64", tilts="F:float64", dy="*N", x="*N", means="L", scales="L", wide="L:float64", wider="L:float64")
def sum_slopes(slopes, tilts, dy, x, means, scales, wide, wider):
    """The shard's sums of dy and of dy z, z = (x - mean) scale."""
    zero(wide)
    zero(wider)
    for at in range(0, dy.shape[0], wide.shape[0]):
        slope, of = dy[at : at + wide.shape[0]], x[at : at + wide.shape[0]]
        for i in range(slope.shape[0]):
            wide[i] += slope[i]
            wider[i] += slope[i] * ((of[i] - means[i]) * scales[i])
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


@kernel(dx="*N", level="F", tilt="F", dy="*N", x="*N", all_slopes="S F:float64", all_tilts="S F:float64", means="L",
        scales="L", gains="L", levels="L", tilted="L", batch=":int64", positions=":int64")  # fmt: skip
def backward_x(dx, level, tilt, dy, x, all_slopes, all_tilts, means, scales, gains, levels, tilted, batch, positions):
    """Dx = gain scale (dy - mean of dy - z * mean of dy z), the means over all shards."""
    for f in range(level.shape[0]):
        slopes, tilts = 0.0, 0.0
        for s in range(all_slopes.shape[0]):
            slopes += all_slopes[s, f]
            tilts += all_tilts[s, f]
        level[f] = slopes / (batch * positions)
        tilt[f] = tilts / (batch * positions)
    repeat(levels, level)
    repeat(tilted, tilt)
    for at in range(0, dx.shape[0], means.shape[0]):
        to, slope, of = dx[at : at + means.shape[0]], dy[at : at + means.shape[0]], x[at : at + means.shape[0]]
        for i in range(to.shape[0]):
            z = (of[i] - means[i]) * scales[i]
            to[i] = gains[i] * scales[i] * (slope[i] - levels[i] - z * tilted[i])


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


@kernel(y="*N", scale="F", x="*N", running_mean="F", running_variance="F", gain="F", bias="F", means="L", scales="L",
        gains="L", biases="L", eps="")  # fmt: skip
def infer(y, scale, x, running_mean, running_variance, gain, bias, means, scales, gains, biases, eps):
    """Y = gain (x - running mean) scale + bias, scale = 1 / sqrt(running variance + eps)."""
    for f in range(scale.shape[0]):
        scale[f] = like(eps, 1.0) / sqrt(running_variance[f] + eps)
    repeat(means, running_mean)
    repeat(scales, scale)
    repeat(gains, gain)
    repeat(biases, bias)
    _normed(y, x, means, scales, gains, biases)


@kernel(dx="*N", dy="*N", scales="L", gains="L")
def infer_backward(dx, dy, scales, gains):
    """Dx = gain scale dy: the statistics of a frozen layer do not depend on x."""
    for at in range(0, dx.shape[0], scales.shape[0]):
        to, slope = dx[at : at + scales.shape[0]], dy[at : at + scales.shape[0]]
        for i in range(to.shape[0]):
            to[i] = gains[i] * scales[i] * slope[i]


class BatchNorm(Layer):
    """Batch norm: y = gain * (x - mean) / sqrt(variance + eps) + bias, each feature over the batch.

    Whatever the layers below do, what comes out keeps its scale, so larger learning rates work and deep nets train
    faster; the noise of the batch also guards a little against overfitting. Put it between a dense or convolutional layer
    (whose own bias it makes useless: `bias: false`) and its activation. Inputs (B, T, F) are normed over all B T
    positions, pictures (B, H, W, C) over all B H W, each channel by itself. It needs batches of some 8 examples and more;
    of a batch of one nothing is left but the bias, so a short last batch of one teaches nothing below. For such nets use
    layer_norm or group_norm.

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
        features = (x.features,)
        running = {
            "running_mean": net.running("mean", features),
            "running_variance": net.running("variance", features, fill=1.0),
        }
        y, scale, eps = net.array(x.shape), net.array(features, "scale"), net.constant(self.eps)
        wide = {name: net.array((length(x.features),), name) for name in ("means", "scales", "gains", "biases")}
        operands: dict[str, Value] = {"y": y, "scale": scale, "x": x, "gain": gain, "bias": bias, "eps": eps, **wide}
        if net.training and not net.frozen:
            self._train(net, operands, running)
        else:
            net.call(infer, backward=(infer_backward,), **{**operands, **running})
        return y

    def _train(self, net: Net, operands: dict[str, Value], running: dict[str, Value]) -> None:
        x = operands["x"]
        features, row = (x.features,), (length(x.features),)
        shared = {name: net.shared(name, (net.shards, *features)) for name in ("sums", "squares", "slopes", "tilts")}
        own = {name: net.own(whole) for name, whole in shared.items()}
        mean, variance = net.array(features, "mean"), net.array(features, "variance")
        wide = {name: net.array(row, name, "float64") for name in ("wide", "wider")}
        count = {"batch": net.counter("batch"), "positions": net.whole(positions(x))}
        net.call(sum_up, sums=own["sums"], x=x, wide=wide["wide"])
        net.barrier()
        net.call(
            spread, mean=mean, squares=own["squares"], x=x, all_sums=shared["sums"], wide=wide["wide"],
            means=operands["means"], batch=count["batch"], positions=count["positions"],
        )  # fmt: skip
        net.barrier()
        net.call(
            forward, backward=(sum_slopes, backward_gain, backward_bias, BARRIER, backward_x), variance=variance,
            level=net.array(features, "level"), tilt=net.array(features, "tilt"), slopes=own["slopes"], tilts=own["tilts"],
            all_squares=shared["squares"], all_slopes=shared["slopes"], all_tilts=shared["tilts"],
            levels=net.array(row, "levels"), tilted=net.array(row, "tilted"), **{**operands, **wide, **count},
        )  # fmt: skip
        momentum = net.constant(self.momentum)
        net.update_running(keep, mean=mean, variance=variance, momentum=momentum, **count, **running)


def positions(x: Value) -> int:
    """How many feature vectors one example has: T for (B, T, F)."""
    number = 1
    for size in x.shape[1:-1]:
        assert isinstance(size, int)
        number *= size
    return number
