"""Dropout: noise that forbids a net to rely on single units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from dllab.catalogue import Fraction
from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.rng import STREAM_DROPOUT, bits_at, key
from dllab.ops.flatten import numbers
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, Value

DRAWS = 2**53
"""A draw is a whole number from 0 to below this: the bits of rng.uniform_at."""


@kernel(y="B F", mask="B F", x="B F", rows="B:int64", threshold=":int64", scale="", seed=":int64", layer=":int64",
        step=":int64")  # fmt: skip
def forward(y, mask, x, rows, threshold, scale, seed, layer, step):
    """Y = mask x; the mask is `scale` where the draw for (seed, layer, step, row of the data set, element) is high enough.

    The draw for element i is rng.bits_at(rng.bits_at(step's key, row), i), its upper 53 bits.
    """
    step_key = key(key(seed, STREAM_DROPOUT, layer), 0, step)
    dropped = like(scale, 0.0)
    for b in range(y.shape[0]):
        row_key, to, factors, of = bits_at(step_key, rows[b]), y[b], mask[b], x[b]
        for i in range(to.shape[0]):
            draw = (bits_at(row_key, i) >> 11) & 0x1FFFFFFFFFFFFF
            factors[i] = dropped if draw < threshold else scale
            to[i] = factors[i] * of[i]


@kernel(dx="*N", dy="*N", mask="*N")
def backward(dx, dy, mask):
    """Dx = mask dy."""
    for i in range(dx.shape[0]):
        dx[i] = mask[i] * dy[i]


@kernel(y="B P C", mask="B C", x="B P C", rows="B:int64", threshold=":int64", scale="", seed=":int64", layer=":int64",
        step=":int64")  # fmt: skip
def forward_channels(y, mask, x, rows, threshold, scale, seed, layer, step):
    """Y = mask x with one mask for all P places; the draw for channel c is what `forward` draws for element c."""
    step_key = key(key(seed, STREAM_DROPOUT, layer), 0, step)
    dropped = like(scale, 0.0)
    for b in range(y.shape[0]):
        row_key, factors = bits_at(step_key, rows[b]), mask[b]
        for c in range(factors.shape[0]):
            draw = (bits_at(row_key, c) >> 11) & 0x1FFFFFFFFFFFFF
            factors[c] = dropped if draw < threshold else scale
        for p in range(y.shape[1]):
            to, of = y[b, p], x[b, p]
            for c in range(to.shape[0]):
                to[c] = factors[c] * of[c]


@kernel(dx="B P C", dy="B P C", mask="B C")
def backward_channels(dx, dy, mask):
    """Dx = mask dy."""
    for b in range(dx.shape[0]):
        factors = mask[b]
        for p in range(dx.shape[1]):
            to, slope = dx[b, p], dy[b, p]
            for c in range(to.shape[0]):
                to[c] = factors[c] * slope[c]


class Dropout(Layer):
    """Dropout: in training y = x m / (1 - rate), each m 0 with probability `rate`, else 1.

    At inference y = x. A unit that may be missing cannot be relied on alone, so units learn what is useful by itself: a
    cheap guard against overfitting, as if many thinned nets were averaged. Dividing by 1 - rate keeps the mean, so
    inference needs no change. Use it behind the activations of wide layers, 0.1 to 0.5; a net that does not overfit is
    only slowed down by it.
    The mask depends on the seed, the layer, the step and the row of the data set, not on the place in the batch: a run
    repeats to the bit on any number of threads. Backward: dx = dy m / (1 - rate).

        - dense: 128
        - relu
        - dropout: 0.3
        - dropout: {rate: 0.2, channels: true}

    Options:

    - rate: chance of a number to be dropped in a training step; 0 drops none.
    - channels: drop whole channels, each at all places of an example or at none. Right between convolutions: a pixel that
      is missing is told by its neighbours, a channel is not.

    Source: Srivastava and others, Dropout: a simple way to prevent neural networks from overfitting (2014); for channels
    Tompson and others, Efficient object localization using convolutional networks (2015), section 3.2.
    """

    name = "dropout"
    group = "between layers"
    main = "rate"
    rate: Fraction = 0.5
    channels: bool = False

    cases: ClassVar[Sequence[Case]] = (
        Case(),
        Case({"rate": 0.3}, shape=(3, 4)),
        Case({"rate": 0.6}, batch=1),
        Case({"channels": True}, shape=(2, 3, 4)),
    )

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, one backward; none at inference."""
        if not net.training or self.rate == 0:
            return x
        batch, places, channels = x.shape[0], numbers(x.shape) // x.features, x.features
        if self.channels:
            y, mask = net.array((batch, places, channels)), net.array((batch, channels), "mask")
            kernels = forward_channels, backward_channels
        else:
            y, mask = net.array((batch, places * channels)), net.array((batch, places * channels), "mask")
            kernels = forward, backward
        net.call(kernels[0], backward=kernels[1:], y=y, mask=mask, x=net.view(x, y.shape), **draws(net, self.rate))
        return net.view(y, x.shape)


def draws(net: Net, rate: float) -> dict[str, Any]:
    """What the kernels need to draw which numbers are dropped."""
    return {
        "rows": net.batch_rows(), "threshold": net.whole(round(rate * DRAWS)), "scale": net.constant(1 / (1 - rate)),
        "seed": net.counter("seed"), "layer": net.counter("layer"), "step": net.counter("step"),
    }  # fmt: skip
