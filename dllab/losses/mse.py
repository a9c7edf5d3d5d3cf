"""MSE: the mean squared error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.losses.loss import Loss, LossCase, numbers
from dllab.symbols import Net, Value


@kernel(loss="1:float64", x="*N", target="*N", batch=":int64", outputs="")
def forward(loss, x, target, batch, outputs):
    """Loss = the sum of (x - target)^2 / (batch outputs)."""
    total = 0.0
    for i in range(x.shape[0]):
        miss = 1.0 * float(x[i] - target[i])  # float64 (to numba float() alone is not), where the square does not overflow
        total += miss * miss
    loss[0] = total / (batch * float(outputs))


@kernel(dx="*N", x="*N", target="*N", batch=":int64", outputs="")
def backward(dx, x, target, batch, outputs):
    """Dx = 2 (x - target) / (batch outputs)."""
    scale = 2.0 / (batch * float(outputs))
    for i in range(dx.shape[0]):
        dx[i] = (x[i] - target[i]) * like(x[i], scale)


class MSE(Loss):
    """Mean squared error: the mean of (x - target)^2 over all examples and all outputs.

    With B examples of K outputs it is the sum of the squares divided by B K, so neither a larger batch nor more outputs
    make it larger. It is the usual loss of regression: least squares, the likelihood of normal errors of equal spread. A
    miss twice as large counts four times, so outliers pull hard: see huber and mae. Gradient: 2 (x - target) / (B K).

    On data with classes the targets are 1 in the column of the class and 0 elsewhere (one output: 1 for class 1, 0 for
    class 0). That can be learnt, but behind a sigmoid or softmax a confident wrong answer has almost no gradient;
    cross_entropy does not have that weakness.

        loss: mse

    Source: Bishop, Pattern Recognition and Machine Learning (2006), sections 1.2.5 and 5.2.
    """

    name = "mse"
    group = "for numbers"
    cases: ClassVar[Sequence[LossCase]] = (LossCase(), LossCase(outputs=1))

    def build(self, net: Net, x: Value, target: Value, loss: Value) -> None:
        """One row forward, one backward."""
        batch, outputs = net.counter("batch"), net.constant(numbers(x))
        net.call(forward, backward=(backward,), loss=loss, x=x, target=target, batch=batch, outputs=outputs)
