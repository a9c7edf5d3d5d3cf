"""SELU: an ELU scaled so that deep nets keep their activations at mean 0 and variance 1."""

from __future__ import annotations

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.vecmath import expm1
from dllab.ops.layer import Case, Pointwise

SCALE = 1.0507009873554805
FLOOR = SCALE * 1.6732632423543772  # where mean 0 and variance 1 are a fixed point: equations 14 of the paper


@kernel(y="*N", x="*N")
def forward(y, x):
    """Y = SCALE x where x > 0, FLOOR (exp(x) - 1) elsewhere."""
    for i in range(y.shape[0]):
        y[i] = like(x[i], SCALE) * x[i] if x[i] > 0 else like(x[i], FLOOR) * expm1(x[i])


@kernel(dx="*N", dy="*N", y="*N")
def backward(dx, dy, y):
    """Dx = SCALE dy where x > 0; elsewhere the slope is FLOOR exp(x) = y + FLOOR."""
    for i in range(dx.shape[0]):
        dx[i] = dy[i] * (like(y[i], SCALE) if y[i] > 0 else y[i] + like(y[i], FLOOR))


class SELU(Pointwise):
    """Scaled exponential linear unit: y = 1.0507 * x where x > 0, 1.7581 * (exp(x) - 1) elsewhere.

    The two numbers are chosen so that a deep stack of dense layers, with LeCun initial weights and inputs of mean 0 and
    variance 1, keeps that mean and variance from layer to layer: a net that normalises itself. Made for plain deep dense
    nets; dropout and residual blocks upset its balance.

        - dense: 32
        - selu

    Source: Klambauer, Unterthiner, Mayr, Hochreiter, Self-normalizing neural networks (2017).
    """

    name = "selu"
    kernels = (forward, backward)
    init_hint = "lecun"
    cases = (Case(kink=1e-3),)
