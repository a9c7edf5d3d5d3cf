"""ELU: a ReLU that bends smoothly to a floor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from dllab.core.kernel import kernel
from dllab.core.vecmath import expm1
from dllab.ops.layer import Case, Pointwise


@kernel(y="*N", x="*N", alpha="")
def forward(y, x, alpha):
    """Y = x where x > 0, alpha (exp(x) - 1) elsewhere."""
    for i in range(y.shape[0]):
        y[i] = x[i] if x[i] > 0 else alpha * expm1(x[i])


@kernel(dx="*N", dy="*N", y="*N", alpha="")
def backward(dx, dy, y, alpha):
    """Dx = dy where x > 0; elsewhere the slope is alpha exp(x) = y + alpha."""
    for i in range(dx.shape[0]):
        dx[i] = dy[i] if y[i] > 0 else dy[i] * (y[i] + alpha)


class ELU(Pointwise):
    """Exponential linear unit: y = x where x > 0, alpha * (exp(x) - 1) elsewhere.

    Negative inputs end at a floor of -alpha instead of 0: outputs lie nearer to a mean of 0, and units do not die. With
    alpha = 1 the slope has no jump. Costs an exponential; worth a try in deep nets without normalisation.

        - dense: 32
        - elu
        - dense: 32
        - elu: 0.5

    Options:

    - alpha: how deep the floor lies.

    Source: Clevert, Unterthiner, Hochreiter, Fast and accurate deep network learning by exponential linear units (2016).
    """

    name = "elu"
    main = "alpha"
    alpha: Annotated[float, Field(gt=0, le=100)] = 1.0

    kernels = (forward, backward)
    init_hint = "he"
    cases: ClassVar[Sequence[Case]] = (Case(kink=1e-3), Case({"alpha": 0.5}, shape=(2, 3), kink=1e-3))
