"""Tied dense: an embedding's table read the other way, from vectors back to ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from dllab.catalogue import LayerName
from dllab.ops import dense
from dllab.ops.layer import Case, Layer
from dllab.symbols import Dim, Net, ShapeError, Value


class TiedDense(Layer):
    """Tied dense layer: y = x E' + b, E (ids, units) being the table of an embedding.

    The last layer of a net that continues a text: how well x fits each id's vector. It costs no weights of its own but b,
    and every step teaches the vectors of all ids, not only those that were read. x (B, T, units) becomes (B, T, ids).
    Backward: dx = dy E, dE = dy' x, added to what the embedding says.

        - embedding: {units: 32, size: 27, name: letters}
        - gru: 32
        - tied_dense: letters

    Options:

    - table: label of the embedding.
    - bias: whether b is there.

    Source: Press and Wolf, Using the output embedding to improve language models (2017).
    """

    name = "tied_dense"
    group = "sequences"
    main = "table"
    table: Annotated[str, LayerName()]
    bias: bool = True

    cases: ClassVar[Sequence[Case]] = (
        Case({"table": "e"}, shape=(3,), ids=5, before=({"embedding": {"units": 2, "name": "e"}},)),
        Case({"table": "e", "bias": False}, shape=(4,), ids=6, before=({"embedding": {"units": 3, "name": "e"}}, "tanh")),
    )

    def build(self, net: Net, x: Value) -> Value:
        """One product forward, two backward."""
        w = net.parameter_of(self.table, "w")
        ids, units = int(w.shape[0]), w.features
        if len(w.shape) != 2 or units != x.features:
            raise ShapeError(f"the vectors of {self.table} have {units} numbers and come to {x.features} here; "
                             f"put dense: {units} in front of it")  # fmt: skip
        y = net.array((*x.shape[:-1], ids))
        steps: tuple[Any, ...] = (dense.backward_x_transposed, dense.backward_w_transposed)
        if self.bias:
            b = net.parameter("b", (ids,), decays=False)
            net.call(dense.forward_transposed, backward=(*steps, dense.backward_b), y=y, x=x, w=w, b=b)
        else:
            net.call(dense.forward_transposed_unbiased, backward=steps, y=y, x=x, w=w)
        return y

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """Inputs times ids, at every position."""
        positions: Any = 1
        for size in y[1:-1]:
            positions *= size
        return int(positions * x[-1] * y[-1])
