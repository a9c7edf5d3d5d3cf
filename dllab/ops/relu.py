"""ReLU: keeps what is positive."""

from __future__ import annotations

from dllab.core.kernel import kernel
from dllab.ops.layer import Case, Pointwise


@kernel(y="*N", x="*N")
def forward(y, x):
    """Y = max(x, 0); a NaN stays a NaN."""
    for i in range(y.shape[0]):
        y[i] = 0 if x[i] < 0 else x[i]


@kernel(dx="*N", dy="*N", y="*N")
def backward(dx, dy, y):
    """Dx = dy where x > 0, which is where y > 0; at 0 itself the slope is taken as 0."""
    for i in range(dx.shape[0]):
        dx[i] = dy[i] if y[i] > 0 else 0


class ReLU(Pointwise):
    """Rectified linear unit: y = max(0, x).

    The default activation of deep nets: cheap, and its slope of 1 on the positive side does not fade with depth. A unit
    whose input stays negative has no gradient and may die; leaky_relu keeps a little slope there.

        - dense: 32
        - relu

    Source: Nair and Hinton, Rectified linear units improve restricted Boltzmann machines (2010).
    """

    name = "relu"
    kernels = (forward, backward)
    init_hint = "he"
    dies = True
    cases = (Case(kink=1e-3),)
