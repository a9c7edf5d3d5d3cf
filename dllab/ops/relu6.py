"""ReLU6: ReLU with a ceiling."""

from __future__ import annotations

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.vecmath import clamp
from dllab.ops.layer import Case, Pointwise


@kernel(y="*N", x="*N")
def forward(y, x):
    """Y = min(max(x, 0), 6)."""
    for i in range(y.shape[0]):
        y[i] = clamp(x[i], like(x[i], 0.0), like(x[i], 6.0))


@kernel(dx="*N", dy="*N", y="*N")
def backward(dx, dy, y):
    """Dx = dy where 0 < y < 6; at both corners the slope is taken as 0."""
    for i in range(dx.shape[0]):
        inside = dy[i] if y[i] < 6 else 0
        dx[i] = inside if y[i] > 0 else 0


class ReLU6(Pointwise):
    """ReLU with a ceiling: y = min(max(0, x), 6).

    For nets that are to run in few bits: outputs in 0..6 need no scale of their own. In small nets of full precision relu
    does as well; a unit pushed over the ceiling has no gradient, as below 0.

        - dense: 32
        - relu6

    Source: Krizhevsky, Convolutional deep belief networks on CIFAR-10 (2010).
    """

    name = "relu6"
    kernels = (forward, backward)
    init_hint = "he"
    dies = True
    cases = (Case(kink=1e-3),)
