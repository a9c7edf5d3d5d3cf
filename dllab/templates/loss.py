"""MyPart: say in a line what this loss makes small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.vecmath import softplus, tanh
from dllab.losses.loss import Loss, LossCase, numbers
from dllab.symbols import Net, Value

# `batch` is the number of rows of the whole batch, so that the parts of several shards add up to the mean.


@kernel(loss="1:float64", x="*N", target="*N", batch=":int64", outputs="")
def forward(loss, x, target, batch, outputs):
    """Loss = the sum of log cosh(x - target) / (batch * outputs)."""
    total = 0.0
    for i in range(x.shape[0]):
        miss = x[i] - target[i]
        total += float(softplus(like(miss, -2.0) * miss) + miss - like(miss, 0.6931471805599453))
    loss[0] = total / (batch * float(outputs))


@kernel(dx="*N", x="*N", target="*N", batch=":int64", outputs="")
def backward(dx, x, target, batch, outputs):
    """Dx = tanh(x - target) / (batch * outputs)."""
    scale = 1.0 / (batch * float(outputs))
    for i in range(dx.shape[0]):
        dx[i] = tanh(x[i] - target[i]) * like(x[i], scale)


class MyPart(Loss):
    """MyPart: the mean over all examples and outputs of log cosh(x - target).

    Say here when to use it. This text is the loss's page: `dllab losses mypart.py --trust`.

        loss: mypart

    Source: name the paper or book, so that others can check the formula.
    """

    name = "mypart"  # what recipes write
    targets: ClassVar = "values"  # numbers, as many as outputs; "labels" for class numbers

    # What gradcheck tries: options, how many outputs.
    cases: ClassVar[Sequence[LossCase]] = (LossCase(), LossCase(outputs=1))

    def build(self, net: Net, x: Value, target: Value, loss: Value) -> None:
        """One row forward, one backward."""
        batch, outputs = net.counter("batch"), net.constant(numbers(x))
        net.call(forward, backward=(backward,), loss=loss, x=x, target=target, batch=batch, outputs=outputs)
