"""Last step: what a sequence ends with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dllab.core.kernel import kernel
from dllab.ops.layer import Case, Layer
from dllab.ops.sequence import lengths_of, sequence
from dllab.symbols import Net, Value


@kernel(y="B F", x="B T F", lengths="B:int32")
def forward(y, x, lengths):
    """Y = x at the last step that is there."""
    for n in range(y.shape[0]):
        to, of = y[n], x[n, max(lengths[n] - 1, 0)]
        for f in range(to.shape[0]):
            to[f] = of[f]


@kernel(dx="B T F", dy="B F", lengths="B:int32")
def backward(dx, dy, lengths):
    """Dx = dy there, 0 at the others."""
    for n in range(dx.shape[0]):
        slope, last = dy[n], max(lengths[n] - 1, 0)
        for t in range(dx.shape[1]):
            to = dx[n, t]
            if t == last:
                for f in range(to.shape[0]):
                    to[f] = slope[f]
            else:
                for f in range(to.shape[0]):
                    to[f] = 0


class LastStep(Layer):
    """Last step: y = x[length - 1], what stands at the end of each sequence, (B, T, F) to (B, F).

    In front of the layers that judge a sequence as a whole, behind causal attention or a recurrent layer, whose last step
    has seen all others. Padding does not count. Backward: dx = dy at that step, 0 elsewhere.

        - attention: {heads: 2, causal: true}
        - last_step
        - dense: classes

    Source: Radford and others, Improving language understanding by generative pre-training (2018), section 3.2.
    """

    name = "last_step"
    group = "sequences"

    cases: ClassVar[Sequence[Case]] = (Case(shape=(4, 3)), Case(shape=(4, 3), lengths=True))

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, one backward."""
        sequence(x)
        y = net.array((x.shape[0], x.features))
        net.call(forward, backward=(backward,), y=y, x=x, lengths=lengths_of(net, x))
        return y
