"""Embedding: a vector of its own for every id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from dllab.catalogue import FilePath, Nested, Size, find
from dllab.core.kernel import kernel
from dllab.inits.initializer import Initializer
from dllab.inits.word_vectors import FromVectors, VectorFileError, vectors_of
from dllab.ops.ids import ids_of
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, ShapeError, Value


@kernel(y="*N F", x="*N", w="V F")
def forward(y, x, w):
    """Y = the row of w that x names; an id beyond the table gives NaN, so that it is noticed."""
    for n in range(y.shape[0]):
        to, number = y[n], int(x[n])
        if 0 <= number < w.shape[0]:
            of = w[number]
            for f in range(to.shape[0]):
                to[f] = of[f]
        else:
            for f in range(to.shape[0]):
                to[f] = float("nan")


@kernel(y="*N F", x="*N", w="V F", factor="")
def forward_scaled(y, x, w, factor):
    """Y = factor times the row of w that x names; an id beyond the table gives NaN, so that it is noticed."""
    for n in range(y.shape[0]):
        to, number = y[n], int(x[n])
        if 0 <= number < w.shape[0]:
            of = w[number]
            for f in range(to.shape[0]):
                to[f] = factor * of[f]
        else:
            for f in range(to.shape[0]):
                to[f] = float("nan")


@kernel(dw="V F", dy="*N F", x="*N")
def backward_w(dw, dy, x):
    """Dw = dy, added to the row that x names."""
    for v in range(dw.shape[0]):
        row = dw[v]
        for f in range(row.shape[0]):
            row[f] = 0
    for n in range(dy.shape[0]):
        slope, number = dy[n], int(x[n])
        if 0 <= number < dw.shape[0]:
            row = dw[number]
            for f in range(row.shape[0]):
                row[f] += slope[f]


@kernel(dw="V F", dy="*N F", x="*N", factor="")
def backward_scaled(dw, dy, x, factor):
    """Dw = factor dy, added to the row that x names."""
    for v in range(dw.shape[0]):
        row = dw[v]
        for f in range(row.shape[0]):
            row[f] = 0
    for n in range(dy.shape[0]):
        slope, number = dy[n], int(x[n])
        if 0 <= number < dw.shape[0]:
            row = dw[number]
            for f in range(row.shape[0]):
                row[f] += factor * slope[f]


class Embedding(Layer):
    """Embedding: y = w[x], a row of a table for every id.

    Words, letters and other ids have no order that a number could say; a vector for each, learnt with the rest, can say
    what they have in common. Ids x (B, T), whole numbers 0 .. size - 1, become (B, T, units); w is (size, units).
    Multiplying rows of a single 1 by w would give the same. Backward: dw = dy, added up row by row of the table; ids have
    no gradient.

        - embedding: 16
        - embedding: {size: 27, units: 16}
        - embedding: {units: 50, file: glove10k}

    Options:

    - units: numbers of a vector.
    - size: how many ids there are; vocabulary stands for as many as the data have, and behind `from: decoder` for as many
      as there are classes. Whole numbers of an .npz file, and the inputs of a recipe without data, need a number here.
    - init: how w starts; left out, normal numbers of standard deviation 1 over the root of units.
    - file: vectors that w starts with: a text file of lines `word v1 v2 ...`, as GloVe's, or glove10k, which comes with the
      lab (10,000 words, 50 numbers each). Words of the data that it lacks start as init says. To keep them as they are, add
      `freeze: [0_embedding]` to the recipe.
    - scale: y is multiplied by the root of units, as Transformers do where the table is also the last layer (tied_dense).

    Source: Bengio, Ducharme, Vincent, Jauvin, A neural probabilistic language model (2003).
    """

    name = "embedding"
    group = "sequences"
    main = "units"
    reads_ids = True
    units: Size
    size: Size | Literal["vocabulary"] = "vocabulary"
    init: Annotated[Initializer | None, Nested("initializers")] = None
    file: Annotated[Literal["glove10k"] | str | None, FilePath()] = None
    scale: bool = False

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3}, shape=(4,), ids=5),
        Case({"units": 2, "size": 9}, shape=(3,), ids=5, batch=1),
        Case({"units": 3, "scale": True}, shape=(4,), ids=4),
    )

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, one backward."""
        init: Any = self.init or find("initializers", "normal")(std=self.units**-0.5)  # type: ignore[call-arg]
        if self.file is not None:
            init = FromVectors(self._checked(net, x, self.file), net.words, init)
        w = net.parameter("w", (ids_of(net, x, self.size), self.units), init, fans=(1, self.units))
        y = net.array((*x.shape, self.units))
        if self.scale:
            factor = net.constant(self.units**0.5)
            net.call(forward_scaled, backward=(backward_scaled,), y=y, x=x, w=w, factor=factor)
        else:
            net.call(forward, backward=(backward_w,), y=y, x=x, w=w)
        return y

    def _checked(self, net: Net, x: Value, file: str) -> str:
        """The file, if its vectors fit. Raises ShapeError."""
        if not net.words or x.ids != len(net.words):
            raise ShapeError("file: gives vectors to words, and the inputs here are no words; take data that are texts")
        try:
            _, vectors = vectors_of(file)
        except VectorFileError as error:
            raise ShapeError(str(error)) from None
        if vectors.shape[1] != self.units:
            raise ShapeError(
                f"the vectors of {file} have {vectors.shape[1]} numbers; give the layer units: {vectors.shape[1]}"
            )
        return file
