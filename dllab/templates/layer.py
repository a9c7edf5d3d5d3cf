"""MyPart: say in a line what this layer is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from dllab.core.kernel import kernel
from dllab.inits.constant import Constant
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, Value

# A kernel is a plain loop over arrays, compiled by Numba. The decorator gives the shape of each operand: equal letters are
# equal sizes, `*N` stands for all leading axes at once, "" is a number. Outputs come first.


@kernel(y="*N F", x="*N F", scale="F")
def forward(y, x, scale):
    """Y = x * scale, feature by feature."""
    for n in range(y.shape[0]):
        to, of = y[n], x[n]
        for f in range(to.shape[0]):
            to[f] = of[f] * scale[f]


# A backward kernel stores the gradient of the operand that its first letter names: dx is that of x. dy is what comes back.


@kernel(dx="*N F", dy="*N F", scale="F")
def backward_x(dx, dy, scale):
    """Dx = dy * scale."""
    for n in range(dx.shape[0]):
        to, slope = dx[n], dy[n]
        for f in range(to.shape[0]):
            to[f] = slope[f] * scale[f]


@kernel(dscale="F", dy="*N F", x="*N F")
def backward_scale(dscale, dy, x):
    """Dscale = the sum of dy * x over all rows."""
    for f in range(dscale.shape[0]):
        dscale[f] = 0
    for n in range(dy.shape[0]):
        slope, of = dy[n], x[n]
        for f in range(slope.shape[0]):
            dscale[f] += slope[f] * of[f]


class MyPart(Layer):
    """MyPart: y = x * scale, with a scale that is learnt for each feature.

    Say here when to use it. This text is the layer's page: `dllab layers mypart.py --trust`.

        - dense: 8
        - mypart
        - mypart: 0.5

    Options:

    - start: the scale at first.

    Source: name the paper or book, so that others can check the formula.
    """

    name = "mypart"  # what recipes write
    main = "start"  # `mypart: 0.5` is short for `mypart: {start: 0.5}`
    start: Annotated[float, Field(ge=-10, le=10)] = 1.0

    # What gradcheck tries: options, the shape of one example, rows of the batch.
    cases: ClassVar[Sequence[Case]] = (Case(), Case({"start": -0.5}, shape=(2, 3)))

    def build(self, net: Net, x: Value) -> Value:
        """One row forward; the gradients of x and of the scale in a row each."""
        scale = net.parameter("scale", (x.features,), Constant(value=self.start))
        y = net.array(x.shape)
        net.call(forward, backward=(backward_x, backward_scale), y=y, x=x, scale=scale)
        return y
