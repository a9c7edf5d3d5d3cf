"""MyPart: say in a line what this activation is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.core.vecmath import sigmoid
from dllab.ops.layer import Case, Pointwise

# A kernel is a plain loop, compiled by Numba: exp, log, tanh, sigmoid come from dllab.core.vecmath, not from math.
# like(x[i], 0.5) is 0.5 in the precision of x; a bare 0.5 would be 64 bits wide and slow a loop of 32.


@kernel(y="*N", x="*N", steepness="")
def forward(y, x, steepness):
    """Y = x * sigmoid(steepness * x)."""
    for i in range(y.shape[0]):
        y[i] = x[i] * sigmoid(steepness * x[i])


@kernel(dx="*N", dy="*N", x="*N", steepness="")
def backward(dx, dy, x, steepness):
    """Dx = dy * (s + steepness * x * s * (1 - s)), s = sigmoid(steepness * x)."""
    for i in range(dx.shape[0]):
        s = sigmoid(steepness * x[i])
        dx[i] = dy[i] * (s + steepness * x[i] * s * (like(s, 1.0) - s))


class MyPart(Pointwise):
    """MyPart: y = x * sigmoid(steepness * x).

    Say here when to use it. This text is the layer's page: `dllab layers mypart.py --trust`.

        - dense: 8
        - mypart
        - mypart: 2.0

    Options:

    - steepness: how sharply it bends at 0.

    Source: name the paper or book, so that others can check the formula.
    """

    name = "mypart"  # what recipes write
    main = "steepness"  # `mypart: 2.0` is short for `mypart: {steepness: 2.0}`
    steepness: Annotated[float, Field(gt=0, le=100)] = 1.0

    kernels = (forward, backward)
    init_hint = "he"  # how a dense layer below draws its weights: he or xavier
    # What gradcheck tries. At a kink (of ReLU, say) there is no gradient: Case(kink=0.001) keeps inputs away from 0.
    cases: ClassVar[Sequence[Case]] = (Case(), Case({"steepness": 2.0}, shape=(2, 3)))
