"""One-hot: ids as vectors of a single 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from dllab.catalogue import Size
from dllab.core.kernel import kernel
from dllab.ops.ids import ids_of
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, Value


@kernel(y="*N V", x="*N")
def forward(y, x):
    """Y = 0, and 1 at the place that x names; an id beyond gives NaN, so that it is noticed."""
    for n in range(y.shape[0]):
        row, number = y[n], int(x[n])
        there = 0 <= number < row.shape[0]
        for v in range(row.shape[0]):
            row[v] = 0 if there else float("nan")
        if there:
            row[number] = 1


class OneHot(Layer):
    """One-hot: y = (0, ..., 1, ..., 0), the 1 at the place of the id.

    Ids x (B, T), whole numbers 0 .. size - 1, become (B, T, size). For small vocabularies, letters say, and nets in which
    every weight is to be seen; an embedding behind which a dense layer stands learns the same with fewer numbers. Ids have
    no gradient.

        - one_hot
        - one_hot: 27

    Options:

    - size: how many ids there are; vocabulary stands for as many as the data have, and behind `from: decoder` for as many
      as there are classes. Whole numbers of an .npz file, and the inputs of a recipe without data, need a number here.

    Source: Elman, Finding structure in time (1990), whose nets read letters and words this way.
    """

    name = "one_hot"
    group = "sequences"
    main = "size"
    reads_ids = True
    size: Size | Literal["vocabulary"] = "vocabulary"

    cases: ClassVar[Sequence[Case]] = (Case(shape=(4,), ids=5),)

    def build(self, net: Net, x: Value) -> Value:
        """One row."""
        y = net.array((*x.shape, ids_of(net, x, self.size)))
        net.call(forward, y=y, x=x)
        return y
