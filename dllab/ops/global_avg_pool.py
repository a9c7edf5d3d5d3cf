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


class GlobalAvgPool(Layer):
    """Global average pooling: y = the mean of each channel over all places, (B, H, W, C) to (B, C).

    In place of flatten and a wide dense layer: no parameters, any size of picture, and each channel says how much of
    something there is, wherever it is. What forgets places cannot tell them apart, so not where position counts.
    Backward: dx = dy / (H W).

        - global_avg_pool
        - dense: classes

    Source: Lin, Chen, Yan, Network in network (2014), section 3.2.
    """

    name = "global_avg_pool"
    group = "pictures and signals"

    cases: ClassVar[Sequence[Case]] = (Case(shape=(3, 2, 5)), Case(shape=(7, 3)), Case(shape=(1, 1, 2), batch=1))

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, one backward."""
        y = net.array((x.shape[0], x.features))
        net.call(forward, backward=(backward,), y=y, x=by_place(net, x))
        return y


def by_place(net: Net, x: Value) -> Value:
    """Pictures (B, H, W, C) and signals (B, T, C) as (B, places, channels). Raises ShapeError for other shapes."""
    if len(x.shape) != 3:
        picture(x)
    return net.view(x, (x.shape[0], numbers(x.shape) // x.features, x.features))
