"""Leaky ReLU: keeps what is positive, and a little of what is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from dllab.core.kernel import kernel
from dllab.ops.layer import Case, Pointwise


@kernel(y="*N", x="*N", slope="")
def forward(y, x, slope):
    """Y = x where x > 0, slope x elsewhere."""
    for i in range(y.shape[0]):
        y[i] = x[i] if x[i] > 0 else slope * x[i]


@kernel(dx="*N", dy="*N", y="*N", slope="")
def backward(dx, dy, y, slope):
    """Dx = dy where x > 0, which is where y > 0, slope dy elsewhere."""
    for i in range(dx.shape[0]):
        dx[i] = dy[i] if y[i] > 0 else slope * dy[i]


class LeakyReLU(Pointwise):
    """Leaky ReLU: y = x where x > 0, slope * x elsewhere.

    A ReLU whose units cannot die: on the negative side a little gradient is left. Try it where many ReLU units have
    stopped answering, which a high learning rate does to them.

        - dense: 32
        - leaky_relu
        - dense: 32
        - leaky_relu: 0.2

    Options:

    - slope: slope on the negative side; 0 is ReLU, 1 is no activation at all.

    Source: Maas, Hannun, Ng, Rectifier nonlinearities improve neural network acoustic models (2013).
    """

    name = "leaky_relu"
    main = "slope"
    slope: Annotated[float, Field(ge=0, le=1)] = 0.01

    kernels = (forward, backward)
    init_hint = "he"
    cases: ClassVar[Sequence[Case]] = (Case(kink=1e-3), Case({"slope": 0.3}, shape=(2, 3), kink=1e-3))
