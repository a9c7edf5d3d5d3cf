"""Tanh: any number to one between -1 and 1."""

from __future__ import annotations

from dllab.core import vecmath
from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.ops.layer import Pointwise


@kernel(y="*N", x="*N")
def forward(y, x):
    """Y = tanh(x)."""
    for i in range(y.shape[0]):
        y[i] = vecmath.tanh(x[i])


@kernel(dx="*N", dy="*N", y="*N")
def backward(dx, dy, y):
    """Dx = dy (1 - y**2), as a product that loses nothing more where y is near 1."""
    for i in range(dx.shape[0]):
        dx[i] = dy[i] * ((like(y[i], 1.0) - y[i]) * (like(y[i], 1.0) + y[i]))


class Tanh(Pointwise):
    """Hyperbolic tangent: y = tanh(x), between -1 and 1.

    Smooth and symmetric around 0, with slope 1 there: the classic activation of small nets, smooth functions and recurrent
    cells. In deep nets it fades where units saturate; relu and its kin do not.

        - dense: 32
        - tanh

    Source: LeCun, Bottou, Orr, Müller, Efficient BackProp (1998), section 4.4.
    """

    name = "tanh"
    kernels = (forward, backward)
    init_hint = "xavier"
    flat = (-0.9695, 0.9695)
