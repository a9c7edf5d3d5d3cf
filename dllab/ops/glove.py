"""GloVe: the product of two words' vectors tells how often they are near each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from dllab.catalogue import Nested, Size
from dllab.core.kernel import kernel
from dllab.inits.initializer import Initializer
from dllab.ops.ids import ids_of
from dllab.ops.layer import Case, Layer
from dllab.ops.negatives import add_row, clear, dot
from dllab.ops.skip_gram import start
from dllab.symbols import Dim, Net, ShapeError, Value


@kernel(y="B 1", x="B 2", w="V F", context="V F", b="V", c="V")
def forward(y, x, w, context, b, c):
    """Y = w_i . context_j + b_i + c_j for the ids (i, j) of a row; an id beyond the tables gives NaN."""
    for n in range(y.shape[0]):
        i, j = int(x[n, 0]), int(x[n, 1])
        if 0 <= i < w.shape[0] and 0 <= j < w.shape[0]:
            y[n, 0] = dot(w[i], context, j) + b[i] + c[j]
        else:
            y[n, 0] = float("nan")


@kernel(dw="V F", dy="B 1", x="B 2", context="V F")
def backward_w(dw, dy, x, context):
    """Dw_i = dy context_j."""
    clear(dw)
    for n in range(dy.shape[0]):
        i, j = int(x[n, 0]), int(x[n, 1])
        if 0 <= i < dw.shape[0] and 0 <= j < dw.shape[0]:
            add_row(dw[i], dy[n, 0], context[j])


@kernel(dcontext="V F", dy="B 1", x="B 2", w="V F")
def backward_context(dcontext, dy, x, w):
    """Dcontext_j = dy w_i."""
    clear(dcontext)
    for n in range(dy.shape[0]):
        i, j = int(x[n, 0]), int(x[n, 1])
        if 0 <= i < w.shape[0] and 0 <= j < w.shape[0]:
            add_row(dcontext[j], dy[n, 0], w[i])


@kernel(db="V", dc="V", dy="B 1", x="B 2")
def backward_b(db, dc, dy, x):
    """Db_i = dc_j = dy."""
    for v in range(db.shape[0]):
        db[v] = 0
        dc[v] = 0
    for n in range(dy.shape[0]):
        i, j = int(x[n, 0]), int(x[n, 1])
        if 0 <= i < db.shape[0] and 0 <= j < db.shape[0]:
            db[i] += dy[n, 0]
            dc[j] += dy[n, 0]


class GloVe(Layer):
    """GloVe: y = w_i . context_j + b_i + c_j for the two words i, j of a row.

    For vectors of words, learnt from counts: y is to be the logarithm of how often j is near i in the whole text, which the
    loss `glove` asks for. Inputs are pairs of ids (B, 2), targets (B, 1) their counts; a text makes far fewer different
    pairs than places, so an epoch is short. Each word has two vectors, w (V, units) and context (V, units), of which w is
    the one by which it is known afterwards (`dllab neighbours`), and two numbers b, c (V), for words that are near
    everything. Backward: dw_i = dy context_j, dcontext_j = dy w_i, db_i = dc_j = dy, added up row by row of the tables; ids
    have no gradient.

        data: {word_pairs: glove}
        model: [{glove: {units: 50}}]
        loss: glove

    Options:

    - units: numbers of a vector.
    - size: how many words there are, V; vocabulary stands for as many as the data have.
    - init: how both tables start; left out, evenly drawn from -1/2 to 1/2, divided by units. b and c start at 0.

    Source: Pennington, Socher, Manning, GloVe: global vectors for word representation (2014).
    """

    name = "glove"
    group = "sequences"
    main = "units"
    units: Size
    size: Size | Literal["vocabulary"] = "vocabulary"
    init: Annotated[Initializer | None, Nested("initializers")] = None

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3}, shape=(2,), ids=5),
        Case({"units": 2, "size": 4}, shape=(2,), ids=3, batch=1),
    )

    def build(self, net: Net, x: Value) -> Value:
        """One row forward; the gradients of the tables and of the two vectors in a row each."""
        if x.shape[1:] != (2,):
            raise ShapeError(
                "glove reads pairs of words, (B, 2); take data that give such, as data: {word_pairs: glove} does"
            )
        words, init = ids_of(net, x, self.size), self.init or start(self.units)
        w = net.parameter("w", (words, self.units), init, fans=(1, self.units))
        context = net.parameter("context", (words, self.units), init, fans=(1, self.units))
        b, c = net.parameter("b", (words,), decays=False), net.parameter("c", (words,), decays=False)
        y = net.array((x.shape[0], 1))
        backward = backward_w, backward_context, backward_b
        net.call(forward, backward=backward, y=y, x=x, w=w, context=context, b=b, c=c)
        return y

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """A product of two vectors."""
        return self.units
