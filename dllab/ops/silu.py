"""SiLU: the input times its own sigmoid."""

from __future__ import annotations

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.vecmath import sigmoid
from dllab.ops.gate import LOWEST, gate
from dllab.ops.layer import Pointwise

FULL = (24.0, 45.0)  # above this, x sigmoid(x) is x in float32, float64


@kernel(y="*N", x="*N")
def forward(y, x):
    """Y = x sigmoid(x)."""
    for i in range(y.shape[0]):
        above = like(x[i], LOWEST) if x[i] < like(x[i], LOWEST) else x[i]
        y[i] = above * sigmoid(above)


@kernel(dx="*N", dy="*N", x="*N", y="*N")
def backward(dx, dy, x, y):
    """Dx = dy (g + y (1 - g)) with g = sigmoid(x) = y / x."""
    for i in range(dx.shape[0]):
        full = like(x[i], FULL)
        g = gate(y[i], x[i], full)
        least = full if y[i] > full else y[i]  # where 1 - g is 0, y may be inf
        dx[i] = dy[i] * (g + least * (like(x[i], 1.0) - g))


class SiLU(Pointwise):
    """Sigmoid linear unit (swish): y = x * sigmoid(x).

    A smooth ReLU that dips a little below 0 (to -0.28 at x = -1.28) before it flattens out. Use it where a smooth function
    is to be learnt, or in place of ReLU in deep nets; nearly gelu, and cheaper.

        - dense: 32
        - silu

    Source: Elfwing, Uchibe, Doya, Sigmoid-weighted linear units for neural network function approximation (2018).
    """

    name = "silu"
    kernels = (forward, backward)
    init_hint = "he"
