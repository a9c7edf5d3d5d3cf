"""Perceptron: the criterion that Rosenblatt's rule descends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from dllab.core.kernel import kernel
from dllab.losses.loss import Loss, LossCase
from dllab.symbols import Dim, Net, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel(loss="1:float64", x="B K", target="B:int32", batch=":int64")
def forward(loss, x, target, batch):
    """Loss = the sum of max(0, -s x) / batch, s = 1 in the column of the class and -1 elsewhere."""
    first = 1 if x.shape[1] == 1 else 0  # a single column is that of class 1
    total = 0.0
    for n in range(x.shape[0]):
        row = x[n]
        for k in range(row.shape[0]):
            margin = row[k] if target[n] == k + first else -row[k]
            total -= min(margin, 0.0)
    loss[0] = total / batch


@kernel(dx="B K", x="B K", target="B:int32", batch=":int64")
def backward(dx, x, target, batch):
    """Dx = -s / batch where s x <= 0, else 0."""
    first = 1 if x.shape[1] == 1 else 0
    for n in range(dx.shape[0]):
        row, slopes = x[n], dx[n]
        for k in range(row.shape[0]):
            if target[n] == k + first:
                slopes[k] = 0 if row[k] > 0 else -1 / batch
            else:
                slopes[k] = 0 if row[k] < 0 else 1 / batch


class Perceptron(Loss):
    """Perceptron criterion: the mean over the batch of max(0, -s * x), s = 1 for the unit's class and -1 for others.

    x is what goes into the step unit: its sign is the answer, its size does not matter where the answer is right. The
    gradient is -s where s * x <= 0 (on the boundary, too, so that zero weights learn) and 0 elsewhere, and descending it
    with a batch of 1 is Rosenblatt's rule, w -= lr * (-s) * input. A final `step` layer is absorbed: its own slope is 0
    everywhere, so nothing could be learnt through it. One unit answers "class 1 or not"; with a unit for each class every
    one answers for its own. Pair it with the optimizer of the same name.

        model: [{dense: {units: 1, init: zeros}}, step]
        loss: perceptron
        optimizer: perceptron
        train: {batch: 1}

    Source: Rosenblatt, The perceptron: a probabilistic model for information storage and organization in the brain
    (1958); as a criterion Duda, Hart, Stork, Pattern Classification (2001), section 5.5.
    """

    name = "perceptron"
    group = "for classes"
    targets: ClassVar[Literal["labels", "values"]] = "labels"
    absorbs: ClassVar[str | None] = "step"
    cases: ClassVar[Sequence[LossCase]] = (LossCase(outputs=1, kink=1e-3), LossCase(outputs=3, kink=1e-3))

    def check(self, shape: tuple[Dim, ...], wanted: tuple[int, ...], labelled: bool) -> None:
        """One unit, which answers "class 1 or not", or one for each class."""
        if shape != (1,):
            super().check(shape, wanted, labelled)

    def answers(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """A single score as the answer of a step unit, 0 or 1; of several the largest is the answer as it is."""
        import numpy as np

        return np.heaviside(outputs, 0.0) if outputs.shape[1:] == (1,) else outputs

    def build(self, net: Net, x: Value, target: Value, loss: Value) -> None:
        """One row forward, one backward."""
        batch = net.counter("batch")
        net.call(forward, backward=(backward,), loss=loss, x=x, target=target, batch=batch)
