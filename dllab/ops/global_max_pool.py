"""Global max pooling: of a picture or a signal, the largest number of each channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dllab.core.kernel import kernel
from dllab.ops.global_avg_pool import by_place
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, Value


@kernel(y="B C", at="B C:int32", x="B P C")
def forward(y, at, x):
    """Y = the largest of x over its P places, the first of them if there are several; NaN where there is one."""
    for n in range(y.shape[0]):
        to, place, first = y[n], at[n], x[n, 0]
        for c in range(to.shape[0]):
            to[c] = first[c]
            place[c] = 0
        for p in range(1, x.shape[1]):
            of = x[n, p]
            for c in range(to.shape[0]):
                larger = of[c] > to[c] or of[c] != of[c]
                to[c] = of[c] if larger else to[c]
                place[c] = p if larger else place[c]


@kernel(y="B C", at="B C:int32", x="B T C", lengths="B:int32")
def forward_steps(y, at, x, lengths):
    """Y = the largest of x over the steps that are there, the first of several; NaN where there is one."""
    for n in range(y.shape[0]):
        to, place, first = y[n], at[n], x[n, 0]
        for c in range(to.shape[0]):
            to[c] = first[c]
            place[c] = 0
        for t in range(1, lengths[n]):
            of = x[n, t]
            for c in range(to.shape[0]):
                larger = of[c] > to[c] or of[c] != of[c]
                to[c] = of[c] if larger else to[c]
                place[c] = t if larger else place[c]


@kernel(dx="B P C", dy="B C", at="B C:int32")
def backward(dx, dy, at):
    """Dx = dy at the place of the largest, 0 elsewhere."""
    for n in range(dx.shape[0]):
        slope, place = dy[n], at[n]
        for p in range(dx.shape[1]):
            to = dx[n, p]
            for c in range(to.shape[0]):
                to[c] = slope[c] if place[c] == p else 0


class GlobalMaxPool(Layer):
    """Global max pooling: y = the maximum of each channel over all places, (B, H, W, C) to (B, C).

    Each channel says whether something is there at all, not how often: right for a short pattern in a long signal, where a
    mean would drown it. Of sequences (B, T, C) that differ in length, only the steps that are there count. Only the place
    of the maximum learns (the first one among equals): dx = dy there, 0 elsewhere.

        - global_max_pool
        - dense: classes

    Source: Oquab, Bottou, Laptev, Sivic, Is object localization for free? (2015), section 3.
    """

    name = "global_max_pool"
    group = "pictures and signals"

    cases: ClassVar[Sequence[Case]] = (
        Case(shape=(3, 2, 5)),
        Case(shape=(7, 3)),
        Case(shape=(1, 1, 2), batch=1),
        Case(shape=(4, 3), lengths=True),
    )

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, one backward."""
        y, at = (net.array((x.shape[0], x.features), name, dtype) for name, dtype in (("y", "T"), ("at", "int32")))
        if x.lengths is not None and len(x.shape) == 3:
            net.call(forward_steps, backward=(backward,), y=y, at=at, x=x, lengths=x.lengths)
        else:
            net.call(forward, backward=(backward,), y=y, at=at, x=by_place(net, x))
        return y
