"""Global average pooling: of a picture or a signal, the mean of each channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.ops.flatten import numbers
from dllab.ops.layer import Case, Layer
from dllab.ops.window import picture
from dllab.symbols import Net, Value


@kernel(y="B C", x="B P C")
def forward(y, x):
    """Y = the mean of x over its P places."""
    places = x.shape[1]
    for n in range(y.shape[0]):
        to = y[n]
        for c in range(to.shape[0]):
            to[c] = 0
        for p in range(places):
            of = x[n, p]
            for c in range(to.shape[0]):
                to[c] += of[c]
        for c in range(to.shape[0]):
            to[c] /= like(to[c], places)


@kernel(dx="B P C", dy="B C")
def backward(dx, dy):
    """Dx = dy / P at every place."""
    places = dx.shape[1]
    for n in range(dx.shape[0]):
        slope = dy[n]
        for p in range(places):
            to = dx[n, p]
            for c in range(to.shape[0]):
                to[c] = slope[c] / like(slope[c], places)


@kernel(y="B C", x="B T C", lengths="B:int32")
def forward_steps(y, x, lengths):
    """Y = the mean of x over the steps that are there."""
    for n in range(y.shape[0]):
        to, steps = y[n], max(lengths[n], 1)
        for c in range(to.shape[0]):
            to[c] = 0
        for t in range(steps):
            of = x[n, t]
            for c in range(to.shape[0]):
                to[c] += of[c]
        for c in range(to.shape[0]):
            to[c] /= like(to[c], steps)


@kernel(dx="B T C", dy="B C", lengths="B:int32")
def backward_steps(dx, dy, lengths):
    """Dx = dy / length at the steps that are there, 0 at the others."""
    for n in range(dx.shape[0]):
        slope, steps = dy[n], max(lengths[n], 1)
        for t in range(dx.shape[1]):
            to = dx[n, t]
            if t < steps:
                for c in range(to.shape[0]):
                    to[c] = slope[c] / like(slope[c], steps)
            else:
                for c in range(to.shape[0]):
                    to[c] = 0


class GlobalAvgPool(Layer):
    """Global average pooling: y = the mean of each channel over all places, (B, H, W, C) to (B, C).

    In place of flatten and a wide dense layer: no parameters, any size of picture, and each channel says how much of
    something there is, wherever it is. What forgets places cannot tell them apart, so not where position counts.
    Of sequences (B, T, C) that differ in length, the mean goes over the steps that are there. Backward: dx = dy / (H W).

        - global_avg_pool
        - dense: classes

    Source: Lin, Chen, Yan, Network in network (2014), section 3.2.
    """

    name = "global_avg_pool"
    group = "pictures and signals"

    cases: ClassVar[Sequence[Case]] = (
        Case(shape=(3, 2, 5)),
        Case(shape=(7, 3)),
        Case(shape=(1, 1, 2), batch=1),
        Case(shape=(4, 3), lengths=True),
    )

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, one backward."""
        y = net.array((x.shape[0], x.features))
        if x.lengths is not None and len(x.shape) == 3:
            net.call(forward_steps, backward=(backward_steps,), y=y, x=x, lengths=x.lengths)
        else:
            net.call(forward, backward=(backward,), y=y, x=by_place(net, x))
        return y


def by_place(net: Net, x: Value) -> Value:
    """Pictures (B, H, W, C) and signals (B, T, C) as (B, places, channels). Raises ShapeError for other shapes."""
    if len(x.shape) != 3:
        picture(x)
    return net.view(x, (x.shape[0], numbers(x.shape) // x.features, x.features))
