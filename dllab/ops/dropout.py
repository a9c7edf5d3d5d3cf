"""Dropout: noise that forbids a net to rely on single units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dllab.catalogue import Fraction
from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.rng import STREAM_DROPOUT, bits_at, key
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, Value

DRAWS = 2**53
"""A draw is a whole number from 0 to below this: the bits of rng.uniform_at."""


@kernel(y="*N F", mask="*N F", x="*N F", rows="B:int64", threshold=":int64", scale="", seed=":int64", layer=":int64",
        step=":int64")  # fmt: skip
def forward(y, mask, x, rows, threshold, scale, seed, layer, step):
    """Y = mask x; the mask is `scale` where the draw for (seed, layer, step, row of the data set, element) is high enough.

    The draw for element i is rng.bits_at(rng.bits_at(step's key, row), i), its upper 53 bits.
    """
    examples = rows.shape[0]
    if examples == 0:
        return
    positions = y.shape[0] // examples
    step_key = key(key(seed, STREAM_DROPOUT, layer), 0, step)
    dropped = like(scale, 0.0)
    for b in range(examples):
        row_key = bits_at(step_key, rows[b])
        for t in range(positions):
            to, factors, of = y[b * positions + t], mask[b * positions + t], x[b * positions + t]
            before = t * to.shape[0]
            for j in range(to.shape[0]):
                draw = (bits_at(row_key, before + j) >> 11) & 0x1FFFFFFFFFFFFF
                factors[j] = dropped if draw < threshold else scale
                to[j] = factors[j] * of[j]


@kernel(dx="*N", dy="*N", mask="*N")
def backward(dx, dy, mask):
    """Dx = mask dy."""
    for i in range(dx.shape[0]):
        dx[i] = mask[i] * dy[i]


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

    Options:

    - rate: chance of a number to be dropped in a training step; 0 drops none.

    Source: Srivastava and others, Dropout: a simple way to prevent neural networks from overfitting (2014).
    """

    name = "dropout"
    group = "between layers"
    main = "rate"
    rate: Fraction = 0.5

    cases: ClassVar[Sequence[Case]] = (Case(), Case({"rate": 0.3}, shape=(3, 4)), Case({"rate": 0.6}, batch=1))

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, one backward; none at inference."""
        if not net.training or self.rate == 0:
            return x
        y, mask = net.array(x.shape), net.array(x.shape, "mask")
        net.call(
            forward, backward=(backward,), y=y, mask=mask, x=x, rows=net.batch_rows(),
            threshold=net.whole(round(self.rate * DRAWS)), scale=net.constant(1 / (1 - self.rate)),
            seed=net.counter("seed"), layer=net.counter("layer"), step=net.counter("step"),
        )  # fmt: skip
        return y
