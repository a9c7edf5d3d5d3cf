"""Softplus: a ReLU with a round corner."""

from __future__ import annotations

from dllab.core import vecmath
from dllab.core.kernel import kernel
from dllab.core.vecmath import expm1
from dllab.ops.layer import Pointwise


@kernel(y="*N", x="*N")
def forward(y, x):
    """Y = log(1 + exp(x))."""
    for i in range(y.shape[0]):
        y[i] = vecmath.softplus(x[i])


@kernel(dx="*N", dy="*N", y="*N")
def backward(dx, dy, y):
    """Dx = dy sigmoid(x), and sigmoid(x) = 1 - exp(-y)."""
    for i in range(dx.shape[0]):
        dx[i] = -dy[i] * expm1(-y[i])


class Softplus(Pointwise):
    """Softplus: y = log(1 + exp(x)), always above 0.

    Use it where an output must be positive (a rate, a scale, a deviation). Between layers it is a smooth ReLU that never
    is quite 0; relu is cheaper and usually learns as well.

        - dense: 1
        - softplus

    Source: Dugas, Bengio, Bélisle, Nadeau, Garcia, Incorporating second-order functional knowledge (2001).
    """

    name = "softplus"
    kernels = (forward, backward)
    init_hint = "he"
