"""MAE: the mean absolute error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.losses.loss import Loss, LossCase, numbers
from dllab.symbols import Net, Value


@kernel(loss="1:float64", x="*N", target="*N", batch=":int64", outputs="")
def forward(loss, x, target, batch, outputs):
    """Loss = the sum of |x - target| / (batch outputs)."""
    total = 0.0
    for i in range(x.shape[0]):
        total += float(abs(x[i] - target[i]))
    loss[0] = total / (batch * float(outputs))


@kernel(dx="*N", x="*N", target="*N", batch=":int64", outputs="")
def backward(dx, x, target, batch, outputs):
    """Dx = the sign of (x - target) / (batch outputs); 0 where they are equal."""
    scale = 1.0 / (batch * float(outputs))
    for i in range(dx.shape[0]):
        miss = x[i] - target[i]
        up = like(miss, scale)
        below = -up if miss < like(miss, 0.0) else miss  # what is left is 0, or NaN
        dx[i] = up if miss > like(miss, 0.0) else below


class MAE(Loss):
    """Mean absolute error: the mean of |x - target| over all examples and all outputs.

    With B examples of K outputs it is the sum divided by B K. Best for the median rather than the mean, so a few outliers
    hardly matter. Gradient: sign(x - target) / (B K), and 0 where they are equal: it does not shrink near the answer, so
    with a constant learning rate the net keeps jumping around it. huber is smooth there.

    On data with classes the targets are 1 in the column of the class and 0 elsewhere (one output: 1 for class 1).

        loss: mae

    Source: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning (2009), section 10.6.
    """

    name = "mae"
    group = "for numbers"
    cases: ClassVar[Sequence[LossCase]] = (LossCase(kink=1e-3), LossCase(outputs=1, kink=1e-3))

    def build(self, net: Net, x: Value, target: Value, loss: Value) -> None:
        """One row forward, one backward."""
        batch, outputs = net.counter("batch"), net.constant(numbers(x))
        net.call(forward, backward=(backward,), loss=loss, x=x, target=target, batch=batch, outputs=outputs)
