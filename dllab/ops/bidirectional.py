"""Bidirectional: one net reads from the front, another from the back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from dllab.catalogue import Nested
from dllab.core.kernel import kernel
from dllab.ops.join import Join, joined
from dllab.ops.layer import Case, Layer
from dllab.ops.window import signal
from dllab.symbols import Net, Value


@kernel(y="B T F", x="B T F")
def reverse(y, x):
    """Y[t] = x[T - 1 - t]."""
    for n in range(y.shape[0]):
        for t in range(y.shape[1]):
            to, of = y[n, t], x[n, y.shape[1] - 1 - t]
            for f in range(to.shape[0]):
                to[f] = of[f]


@kernel(dx="B T F", dy="B T F")
def reverse_back(dx, dy):
    """Dx[t] = dy[T - 1 - t]."""
    for n in range(dx.shape[0]):
        for t in range(dx.shape[1]):
            to, of = dx[n, t], dy[n, dx.shape[1] - 1 - t]
            for f in range(to.shape[0]):
                to[f] = of[f]


class Bidirectional(Layer):
    """Bidirectional: y = (f(x), reversed g(reversed x)), f and g being the inner layers, with weights of their own.

    What stands at a step then knows what comes before and behind it: for labelling, reading and listening; not for nets
    that continue a sequence, which have no behind. Inner layers that return the last state give the two last
    states, each of its own direction. x (B, T, F) becomes (B, T, 2 H) with concat, (B, T, H) with add.

        - bidirectional: [gru: 16]
        - bidirectional: {layers: [lstm: {units: 16, return: last}], join: add}

    Options:

    - layers: what each direction is made of.
    - join: concat puts both directions side by side, add sums them.

    Source: Schuster and Paliwal, Bidirectional recurrent neural networks (1997).
    """

    name = "bidirectional"
    group = "sequences"
    main = "layers"
    layers: Annotated[tuple[Any, ...], Nested("layers")]
    join: Join = "concat"

    cases: ClassVar[Sequence[Case]] = (
        Case({"layers": [{"rnn": 2}]}, shape=(4, 3)),
        Case({"layers": [{"gru": {"units": 2, "return": "last"}}], "join": "add"}, shape=(3, 2)),
    )

    def build(self, net: Net, x: Value) -> Value:
        """Both directions, then the rows that join them."""
        signal(x)
        ahead = net.layers(self.layers, x, "ahead")
        back = net.layers(self.layers, self._reversed(net, x), "back")
        if len(back.shape) == 3:
            back = self._reversed(net, back)
        return joined(net, (ahead, back), self.join)

    @staticmethod
    def _reversed(net: Net, x: Value) -> Value:
        y = net.array(x.shape, "reversed")
        net.call(reverse, backward=(reverse_back,), y=y, x=x)
        return y
