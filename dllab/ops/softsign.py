"""Softsign: a tanh that reaches its ends slowly."""

from __future__ import annotations

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.vecmath import clamp
from dllab.ops.layer import Case, Pointwise

HIGHEST = 1e30  # beyond it y is 1 anyhow, and inf / inf would be NaN


@kernel(y="*N", x="*N")
def forward(y, x):
    """Y = x / (1 + |x|)."""
    for i in range(y.shape[0]):
        a = clamp(x[i], like(x[i], -HIGHEST), like(x[i], HIGHEST))
        y[i] = a / (like(a, 1.0) + abs(a))


@kernel(dx="*N", dy="*N", x="*N")
def backward(dx, dy, x):
    """Dx = dy / (1 + |x|)**2; from y, as (1 - |y|)**2, nothing would be left of it for large x."""
    for i in range(dx.shape[0]):
        a = clamp(x[i], like(x[i], -HIGHEST), like(x[i], HIGHEST))
        root = like(a, 1.0) / (like(a, 1.0) + abs(a))
        dx[i] = dy[i] * root * root


class Softsign(Pointwise):
    """Softsign: y = x / (1 + |x|), between -1 and 1.

    Like tanh, but its slope fades as 1 / x**2 instead of exponentially, so that saturated units still learn; and no
    exponential to compute.

        - dense: 32
        - softsign

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010), section 3.
    """

    name = "softsign"
    kernels = (forward, backward)
    init_hint = "xavier"
    flat = (-0.755, 0.755)
    cases = (Case(kink=1e-3),)
