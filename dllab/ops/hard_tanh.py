"""Hard tanh: the identity between -1 and 1, flat beyond."""

from __future__ import annotations

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.vecmath import clamp
from dllab.ops.layer import Case, Pointwise


@kernel(y="*N", x="*N")
def forward(y, x):
    """Y = min(max(x, -1), 1)."""
    for i in range(y.shape[0]):
        y[i] = clamp(x[i], like(x[i], -1.0), like(x[i], 1.0))


@kernel(dx="*N", dy="*N", y="*N")
def backward(dx, dy, y):
    """Dx = dy where -1 < y < 1; at both corners the slope is taken as 0."""
    for i in range(dx.shape[0]):
        dx[i] = dy[i] if abs(y[i]) < 1 else 0


class HardTanh(Pointwise):
    """Hard tanh: y = min(max(-1, x), 1).

    Tanh in straight lines: cheaper, and easy to follow by hand. A unit beyond -1 or 1 has no gradient at all, where tanh
    still has a little.

        - dense: 32
        - hard_tanh

    Source: Collobert, Large scale machine learning (2004).
    """

    name = "hard_tanh"
    kernels = (forward, backward)
    init_hint = "xavier"
    flat = (-1.0, 1.0)
    cases = (Case(),)
