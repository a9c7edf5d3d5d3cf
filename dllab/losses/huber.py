"""Huber: squared for small errors, absolute for large ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.vecmath import clamp
from dllab.losses.loss import Loss, LossCase, numbers
from dllab.symbols import Net, Value


@kernel(loss="1:float64", x="*N", target="*N", batch=":int64", outputs="", delta="")
def forward(loss, x, target, batch, outputs, delta):
    """Loss = the sum of h / (batch outputs), with m = x - target, c = m clamped to -delta..delta, h = c (m - c/2)."""
    total = 0.0
    for i in range(x.shape[0]):
        miss = x[i] - target[i]
        near = clamp(miss, -delta, delta)
        total += float(near * (miss - like(near, 0.5) * near))
    loss[0] = total / (batch * float(outputs))


@kernel(dx="*N", x="*N", target="*N", batch=":int64", outputs="", delta="")
def backward(dx, x, target, batch, outputs, delta):
    """Dx = (x - target, clamped to -delta..delta) / (batch outputs)."""
    scale = 1.0 / (batch * float(outputs))
    for i in range(dx.shape[0]):
        dx[i] = clamp(x[i] - target[i], -delta, delta) * like(x[i], scale)


class Huber(Loss):
    """Huber: the mean over all examples and outputs of m^2 / 2 where |m| <= delta, delta (|m| - delta / 2) beyond.

    m = x - target. Near the answer it is smooth like mse (and half as large), far from it it grows like delta times mae,
    so an outlier pulls no harder than a miss of delta. Gradient: m clamped to -delta..delta, divided by B K for B examples
    of K outputs. On data with classes the targets are 1 in the column of the class and 0 elsewhere (one output: 1 for
    class 1).

        loss: huber
        loss: {huber: 0.5}

    Options:

    - delta: the error, in the unit of the targets, from which a miss counts as large.

    Source: Huber, Robust estimation of a location parameter (1964).
    """

    name = "huber"
    group = "for numbers"
    main = "delta"
    delta: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] = 1.0
    cases: ClassVar[Sequence[LossCase]] = (LossCase(), LossCase({"delta": 0.3}), LossCase(outputs=1))

    def build(self, net: Net, x: Value, target: Value, loss: Value) -> None:
        """One row forward, one backward."""
        batch, outputs, delta = net.counter("batch"), net.constant(numbers(x)), net.constant(self.delta)
        net.call(forward, backward=(backward,), loss=loss, x=x, target=target, batch=batch, outputs=outputs, delta=delta)
