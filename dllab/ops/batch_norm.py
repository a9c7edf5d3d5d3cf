"""Batch norm: every feature shifted and scaled by what the batch says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from dllab.catalogue import Fraction
from dllab.core.bits import like, sqrt
from dllab.core.kernel import kernel
from dllab.ops.layer import Case, Layer
from dllab.ops.layer_norm import Gain, gain_and_bias
from dllab.symbols import BARRIER, Net, Value

# Statistics are over the rows of all shards. Each shard leaves its sums in its own row of a shared (S, F) array; behind
# a barrier every shard adds up all rows in the same order, so all of them get the same bits, on threads or in turn.


@kernel(sums="F:float64", x="*N F")
def sum_up(sums, x):
    """The shard's sum of every feature."""
    for f in range(sums.shape[0]):
        sums[f] = 0
    for n in range(x.shape[0]):
        of = x[n]
        for f in range(of.shape[0]):
            sums[f] += of[f]


@kernel(mean="F", squares="F:float64", x="*N F", all_sums="S F:float64", batch=":int64", positions=":int64")
def spread(mean, squares, x, all_sums, batch, positions):
    """The mean over all shards, and this shard's sum of squared distances from it: two passes lose no digits."""
    for f in range(mean.shape[0]):
        total = 0.0
        for s in range(all_sums.shape[0]):
            total += all_sums[s, f]
        mean[f] = total / (batch * positions)
        squares[f] = 0
    for n in range(x.shape[0]):
        of = x[n]
        for f in range(of.shape[0]):
            distance = of[f] - mean[f]
            squares[f] += distance * distance


@kernel(y="*N F", variance="F", scale="F", x="*N F", mean="F", gain="F", bias="F", all_squares="S F:float64",
        batch=":int64", positions=":int64", eps="")  # fmt: skip
def forward(y, variance, scale, x, mean, gain, bias, all_squares, batch, positions, eps):
    """Y = gain (x - mean) scale + bias, scale = 1 / sqrt(variance + eps)."""
    for f in range(variance.shape[0]):
        total = 0.0
        for s in range(all_squares.shape[0]):
            total += all_squares[s, f]
        variance[f] = total / (batch * positions)
        scale[f] = like(eps, 1.0) / sqrt(variance[f] + eps)
    for n in range(y.shape[0]):
        to, of = y[n], x[n]
        for f in range(to.shape[0]):
            to[f] = gain[f] * ((of[f] - mean[f]) * scale[f]) + bias[f]


@kernel(slopes="F:float64", tilts="F:float64", dy="*N F", x="*N F", mean="F", scale="F")
def sum_slopes(slopes, tilts, dy, x, mean, scale):
    """The shard's sums of dy and of dy z, z = (x - mean) scale."""
    for f in range(slopes.shape[0]):
        slopes[f] = 0
        tilts[f] = 0
    for n in range(dy.shape[0]):
        slope, of = dy[n], x[n]
        for f in range(slope.shape[0]):
            slopes[f] += slope[f]
            tilts[f] += slope[f] * ((of[f] - mean[f]) * scale[f])


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


@kernel(dx="*N F", level="F", tilt="F", dy="*N F", x="*N F", mean="F", scale="F", gain="F", all_slopes="S F:float64",
        all_tilts="S F:float64", batch=":int64", positions=":int64")  # fmt: skip
def backward_x(dx, level, tilt, dy, x, mean, scale, gain, all_slopes, all_tilts, batch, positions):
    """Dx = gain scale (dy - mean of dy - z * mean of dy z), the means over all shards."""
    for f in range(level.shape[0]):
        slopes, tilts = 0.0, 0.0
        for s in range(all_slopes.shape[0]):
            slopes += all_slopes[s, f]
            tilts += all_tilts[s, f]
        level[f] = slopes / (batch * positions)
        tilt[f] = tilts / (batch * positions)
    for n in range(dx.shape[0]):
        to, slope, of = dx[n], dy[n], x[n]
        for f in range(to.shape[0]):
            z = (of[f] - mean[f]) * scale[f]
            to[f] = gain[f] * scale[f] * (slope[f] - level[f] - z * tilt[f])


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


@kernel(y="*N F", scale="F", x="*N F", running_mean="F", running_variance="F", gain="F", bias="F", eps="")
def infer(y, scale, x, running_mean, running_variance, gain, bias, eps):
    """Y = gain (x - running mean) scale + bias, scale = 1 / sqrt(running variance + eps)."""
    for f in range(scale.shape[0]):
        scale[f] = like(eps, 1.0) / sqrt(running_variance[f] + eps)
    for n in range(y.shape[0]):
        to, of = y[n], x[n]
        for f in range(to.shape[0]):
            to[f] = gain[f] * ((of[f] - running_mean[f]) * scale[f]) + bias[f]


@kernel(dx="*N F", dy="*N F", scale="F", gain="F")
def infer_backward(dx, dy, scale, gain):
    """Dx = gain scale dy: the statistics of a frozen layer do not depend on x."""
    for n in range(dx.shape[0]):
        to, slope = dx[n], dy[n]
        for f in range(to.shape[0]):
            to[f] = gain[f] * scale[f] * slope[f]


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
        if net.training and not net.frozen:
            self._train(net, y, scale, x, gain, bias, eps, running)
        else:
            net.call(infer, backward=(infer_backward,), y=y, scale=scale, x=x, gain=gain, bias=bias, eps=eps, **running)
        return y

    def _train(self, net: Net, y: Value, scale: Value, x: Value, gain: Value, bias: Value, eps: Value,
               running: dict[str, Value]) -> None:  # fmt: skip
        features = (x.features,)
        shared = {name: net.shared(name, (net.shards, *features)) for name in ("sums", "squares", "slopes", "tilts")}
        own = {name: net.own(whole) for name, whole in shared.items()}
        mean, variance = net.array(features, "mean"), net.array(features, "variance")
        batch, per_example = net.counter("batch"), net.whole(positions(x))
        net.call(sum_up, sums=own["sums"], x=x)
        net.barrier()
        net.call(
            spread, mean=mean, squares=own["squares"], x=x, all_sums=shared["sums"], batch=batch, positions=per_example
        )  # fmt: skip
        net.barrier()
        net.call(
            forward, backward=(sum_slopes, backward_gain, backward_bias, BARRIER, backward_x), y=y, variance=variance,
            scale=scale, x=x, mean=mean, gain=gain, bias=bias, eps=eps, level=net.array(features, "level"),
            tilt=net.array(features, "tilt"), slopes=own["slopes"], tilts=own["tilts"], all_squares=shared["squares"],
            all_slopes=shared["slopes"], all_tilts=shared["tilts"], batch=batch, positions=per_example,
        )  # fmt: skip
        momentum = net.constant(self.momentum)
        net.update_running(
            keep, mean=mean, variance=variance, momentum=momentum, batch=batch, positions=per_example, **running
        )  # fmt: skip


def positions(x: Value) -> int:
    """How many feature vectors one example has: T for (B, T, F)."""
    number = 1
    for size in x.shape[1:-1]:
        assert isinstance(size, int)
        number *= size
    return number
