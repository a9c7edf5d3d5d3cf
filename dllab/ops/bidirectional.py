"""Bidirectional: one net reads from the front, another from the back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from dllab.catalogue import Nested
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.ops.join import Join, joined
from dllab.ops.layer import Case, Layer
from dllab.ops.sequence import lengths_of, sequence
from dllab.symbols import Net, ShapeError, Value


@kernel(y="B T F", x="B T F", ends="B:int32")
def reverse(y, x, ends):
    """Y[t] = x[L - 1 - t], L being the example's length; what lies behind it stays where it is."""
    turned(y, x, ends)


@kernel(dx="B T F", dy="B T F", ends="B:int32")
def reverse_back(dx, dy, ends):
    """The same for gradients."""
    turned(dx, dy, ends)


@device
def turned(y: Any, x: Any, ends: Any) -> None:
    """Y = x with the steps of each example in reverse."""
    for n in range(y.shape[0]):
        for t in range(y.shape[1]):
            to, of = y[n, t], x[n, ends[n] - 1 - t if t < ends[n] else t]
            for f in range(to.shape[0]):
                to[f] = of[f]


class Bidirectional(Layer):
    """Bidirectional: y = (f(x), reversed g(reversed x)): the inner layers read from both ends.

    Both directions have weights of their own. What stands at a step then knows what comes before and behind it: for
    labelling, reading and listening; not for nets that continue a sequence, which have no behind. Inner layers that
    return the last state give the two last states, each of its own direction. x (B, T, F) becomes (B, T, 2 H) with
    concat, (B, T, H) with add. A sequence with a length is reversed within it, so that what lies behind its end stays
    there. A layer that begins with the states of this one (`start: LABEL`) gets those of both directions, joined: with
    concat it needs 2 H units.

        - bidirectional: [gru: 16]
        - bidirectional: {layers: [lstm: {units: 16, return: last}], join: add}
        - bidirectional: {layers: [gru: {units: 16, layers: 2, dropout: 0.2}], name: reader}
        - embedding: {units: 8, from: decoder}
        - gru: {units: 32, layers: 2, start: reader}

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
        Case({"layers": [{"gru": {"units": 2, "return": "last"}}], "join": "add"}, shape=(3, 2), lengths=True),
        Case(
            {"layers": [{"rnn": {"units": 2, "layers": 2, "learn_start": True}}, {"dense": 2}]}, shape=(4, 2), lengths=True
        ),
    )

    def build(self, net: Net, x: Value) -> Value:
        """Both directions, then the rows that join them. Raises ShapeError where states go on from batch to batch."""
        sequence(x)
        if net.carries:
            problem = "carry_state hands states on from batch to batch, and what is read from the back cannot go on"
            raise ShapeError(f"{problem}; leave carry_state out, or take a layer of one direction")
        ends = lengths_of(net, x)
        before = net.states_of("")
        ahead = net.layers(self.layers, x, "ahead")
        of_ahead = net.states_of("")
        back = net.layers(self.layers, _reversed(net, x, ends), "back")
        of_back = net.states_of("")
        if len(back.shape) == 3:
            back = _reversed(net, back, ends)
        if net.labelled and of_ahead is not before:  # there are recurrent layers inside
            both = [tuple(joined(net, pair, self.join) for pair in zip(*states)) for states in zip(of_ahead, of_back)]
            net.keep_states(*both)
        return joined(net, (ahead, back), self.join)


def _reversed(net: Net, x: Value, ends: Value) -> Value:
    y = net.array(x.shape, "reversed")
    net.call(reverse, backward=(reverse_back,), y=y, x=x, ends=ends)
    y.lengths = x.lengths
    return y
