"""Softmax: scores to probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from numpy.typing import NDArray
from pydantic import Field

from dllab.core.bits import like
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.vecmath import exp
from dllab.ops.layer import Case, Pointwise

LOWEST = -float("inf")


@kernel(y="*N F", x="*N F", temperature="")
def forward(y, x, temperature):
    """Y = exp(x / temperature) divided by its sum over the row, the largest x of the row subtracted first."""
    scale = like(temperature, 1.0) / temperature
    for n in range(y.shape[0]):
        row, out = x[n], y[n]
        highest = largest(row, like(temperature, LOWEST))
        total = like(temperature, 0.0)
        for f in range(row.shape[0]):
            out[f] = exp((row[f] - highest) * scale)
            total += out[f]
        share = like(temperature, 1.0) / total
        for f in range(row.shape[0]):
            out[f] *= share


@device
def larger(a: float, b: float) -> float:
    """Return b if it is above a, else a: a NaN in b is passed over."""
    return b if b > a else a


@device
def largest(row: NDArray[Any], lowest: float) -> float:
    """Return the largest number of a row, or `lowest`; NaN passed over.

    Each comparison waits for the one before, so four take turns; vector code would need the promise that there are no NaN.
    """
    a, b, c, d = lowest, lowest, lowest, lowest
    whole = row.shape[0] // 4 * 4
    for i in range(0, whole, 4):
        a, b = larger(a, row[i]), larger(b, row[i + 1])
        c, d = larger(c, row[i + 2]), larger(d, row[i + 3])
    for i in range(whole, row.shape[0]):
        a = larger(a, row[i])
    return larger(larger(a, b), larger(c, d))


@kernel(dx="*N F", dy="*N F", y="*N F", temperature="")
def backward(dx, dy, y, temperature):
    """Dx = y (dy - the sum of dy y over the row) / temperature."""
    scale = like(temperature, 1.0) / temperature
    for n in range(dx.shape[0]):
        out, slopes, row = dx[n], dy[n], y[n]
        mean = like(temperature, 0.0)
        for f in range(row.shape[0]):
            mean += slopes[f] * row[f]
        for f in range(row.shape[0]):
            out[f] = row[f] * (slopes[f] - mean) * scale


class Softmax(Pointwise):
    """Softmax: y[i] = exp(x[i] / temperature) / sum of exp(x[j] / temperature), over the last axis.

    Turns scores into probabilities: positive, adding up to 1. As the last layer with cross_entropy the loss is computed on
    the scores, which is exact however sure the net is. A score of -inf gets probability 0; a row that holds inf or NaN, or
    nothing but -inf, is all NaN.

        - dense: classes
        - softmax

    Options:

    - temperature: above 1 evens the probabilities out, below 1 sharpens them.

    Source: Bridle, Probabilistic interpretation of feedforward classification network outputs (1990).
    """

    name = "softmax"
    group = "activations"
    elementwise = False
    main = "temperature"
    temperature: Annotated[float, Field(ge=1e-6, le=1e6)] = 1.0

    kernels = (forward, backward)
    cases: ClassVar[Sequence[Case]] = (Case(), Case({"temperature": 0.5}, shape=(2, 3)), Case({"temperature": 3.0}))
