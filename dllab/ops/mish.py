"""Mish: the input times the tanh of its softplus."""

from __future__ import annotations

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.vecmath import clamp, exp
from dllab.ops.gate import LOWEST
from dllab.ops.layer import Pointwise

FULL = 22.0  # above this the gate is 1 in both precisions


@kernel(y="*N", x="*N")
def forward(y, x):
    """Y = x g, with g = tanh(softplus(x)) = n / (n + 2), n = e (e + 2), e = exp(x)."""
    for i in range(y.shape[0]):
        a = clamp(x[i], like(x[i], LOWEST), like(x[i], FULL))
        e = exp(a)
        n = e * (e + like(e, 2.0))
        held = a * (n / (n + like(e, 2.0)))
        y[i] = x[i] if x[i] > like(x[i], FULL) else held


@kernel(dx="*N", dy="*N", x="*N")
def backward(dx, dy, x):
    """Dx = dy (g + x g'), with g' = 4 e (e + 1) / (n + 2)**2."""
    for i in range(dx.shape[0]):
        a = clamp(x[i], like(x[i], LOWEST), like(x[i], FULL))
        e = exp(a)
        n = e * (e + like(e, 2.0))
        part = like(e, 1.0) / (n + like(e, 2.0))
        steepness = (like(e, 4.0) * e * part) * ((e + like(e, 1.0)) * part)
        dx[i] = dy[i] * (n * part + a * steepness)


class Mish(Pointwise):
    """Mish: y = x * tanh(softplus(x)).

    A smooth ReLU, close to silu, that dips to -0.31 at x = -1.19. Seen in image nets; the choice between it, silu and gelu
    seldom decides anything.

        - dense: 32
        - mish

    Source: Misra, Mish: a self regularized non-monotonic activation function (2020).
    """

    name = "mish"
    kernels = (forward, backward)
    init_hint = "he"
