"""Negative sampling: a true pair told from drawn ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.vecmath import sigmoid, softplus
from dllab.losses.loss import Loss, LossCase, spelt
from dllab.symbols import Dim, Net, ShapeError, Value


@kernel(loss="1:float64", x="B S", batch=":int64")
def forward(loss, x, batch):
    """Loss = the sum of log(1 + e^-x_0) + log(1 + e^x_1) + log(1 + e^x_2) ... / batch."""
    total = 0.0
    for n in range(x.shape[0]):
        row = x[n]
        own = softplus(-row[0])
        for k in range(1, row.shape[0]):
            own += softplus(row[k])
        total += float(own)
    loss[0] = total / batch


@kernel(dx="B S", x="B S", batch=":int64")
def backward(dx, x, batch):
    """Dx = (sigmoid(x) - 1 in the first column) / batch."""
    for n in range(dx.shape[0]):
        row, slopes = x[n], dx[n]
        share = like(row[0], 1 / batch)
        for k in range(row.shape[0]):
            slopes[k] = share * sigmoid(row[k])
        slopes[0] = -share * sigmoid(-row[0])


class NegativeSampling(Loss):
    """Negative sampling: the mean of -log s(x_0) - log s(-x_1) - log s(-x_2) - ... over the batch; s is the sigmoid.

    The first of the net's scores x (B, 1 + K) is that of a true pair, the K others those of drawn ones, as skip_gram and
    cbow give them; there are no targets. A softmax over a whole vocabulary would cost V products a row, this costs 1 + K,
    and a net that knows nothing has (1 + K) log(2), 4.16 for K = 5. It is a yes-or-no question about every score: computed
    as log(1 + e^x), which never overflows. Gradient: s(x) / B, and (s(x_0) - 1) / B for the first.

        model: [{skip_gram: 50}]
        loss: negative_sampling

    Source: Mikolov, Sutskever, Chen, Corrado, Dean, Distributed representations of words and phrases and their
    compositionality (2013), equation 4.
    """

    name = "negative_sampling"
    group = "for words"
    targets: ClassVar[Literal["labels", "values", "none"]] = "none"
    measured: ClassVar[bool] = False
    cases: ClassVar[Sequence[LossCase]] = (LossCase(outputs=6), LossCase(outputs=2))

    def check(self, shape: tuple[Dim, ...], wanted: tuple[int, ...], labelled: bool) -> None:
        """A true score and one drawn at least, whatever the targets."""
        if len(shape) != 1 or shape[0] == 1:
            problem = f"negative_sampling wants a true score and drawn ones, (1 + K), not {spelt(shape)}"
            raise ShapeError(f"{problem}; end the model in skip_gram or cbow")

    def build(self, net: Net, x: Value, target: Value, loss: Value) -> None:
        """One row forward, one backward."""
        net.call(forward, backward=(backward,), loss=loss, x=x, batch=net.counter("batch"))
