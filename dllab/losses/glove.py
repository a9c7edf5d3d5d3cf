"""GloVe: squared misses of logarithms, of which those of frequent pairs count more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from dllab.core.bits import like
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.vecmath import exp, log
from dllab.losses.loss import Loss, LossCase, numbers
from dllab.symbols import Net, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = 80.0
"""Of logarithms: beyond it counts have no place in float32."""


@device
def weight(size, largest, power):
    """F = min(1, (X / x_max)^alpha), for log X = size and log x_max = largest."""
    below = size - largest
    zero = like(size, 0.0)
    return exp(power * (zero if below > zero else below))


@kernel(loss="1:float64", x="*N", target="*N", batch=":int64", outputs="", largest="", power="")
def forward(loss, x, target, batch, outputs, largest, power):
    """Loss = the sum of f(X) (x - log X)^2 / (batch outputs); counts X of 0 and below count for nothing."""
    total = 0.0
    for i in range(x.shape[0]):
        there = target[i] > 0
        size = log(target[i] if there else like(x[i], 1.0))
        miss = 1.0 * float(x[i] - size)  # float64 (to numba float() alone is not), where the square does not overflow
        total += float(weight(size, largest, power)) * miss * miss if there else 0.0 * miss
    loss[0] = total / (batch * float(outputs))


@kernel(dx="*N", x="*N", target="*N", batch=":int64", outputs="", largest="", power="")
def backward(dx, x, target, batch, outputs, largest, power):
    """Dx = 2 f(X) (x - log X) / (batch outputs)."""
    scale = 2.0 / (batch * float(outputs))
    for i in range(dx.shape[0]):
        there = target[i] > 0
        size = log(target[i] if there else like(x[i], 1.0))
        share = weight(size, largest, power) if there else like(x[i], 0.0)
        dx[i] = share * (x[i] - size) * like(x[i], scale)


class GloVeLoss(Loss):
    """GloVe: the mean of f(X) (x - log X)^2 over the batch, with f(X) = min(1, (X / x_max)^alpha).

    For counts X > 0 as targets, of which the net's output x is to be the logarithm, under the layer glove. Frequent pairs
    are counted exactly and rare ones by chance, so those above x_max count whole and the others less; without f the many
    pairs that are met once would rule. A count of 0 has no logarithm and counts for nothing. Gradient: 2 f(X) (x - log X) /
    B.

        model: [{glove: 50}]
        loss: glove
        loss: {glove: 10}

    Options:

    - x_max: the count from which on a pair counts whole. Ten times the text, ten times x_max.
    - alpha: how fast f falls below it; 0 lets all pairs count alike.

    Source: Pennington, Socher, Manning, GloVe: global vectors for word representation (2014), equations 8 and 9.
    """

    name = "glove"
    group = "for words"
    main = "x_max"
    x_max: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] = 100.0
    alpha: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.75
    measured: ClassVar[bool] = False
    cases: ClassVar[Sequence[LossCase]] = (LossCase(outputs=1), LossCase({"x_max": 0.5, "alpha": 0.5}, outputs=3, batch=6))

    def answers(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Counts, of which the outputs are the logarithms."""
        import numpy as np

        counts: NDArray[Any] = np.exp(np.minimum(outputs, LARGEST))
        return counts

    def build(self, net: Net, x: Value, target: Value, loss: Value) -> None:
        """One row forward, one backward."""
        from math import log as logarithm

        options = {"outputs": net.constant(numbers(x)), "largest": net.constant(logarithm(self.x_max))}
        net.call(forward, backward=(backward,), loss=loss, x=x, target=target, batch=net.counter("batch"),
                 power=net.constant(self.alpha), **options)  # fmt: skip
