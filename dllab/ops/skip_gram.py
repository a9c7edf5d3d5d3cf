"""Skip-gram: a word's vector tells which words stand around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dllab.catalogue import Nested, Size
from dllab.core.kernel import kernel
from dllab.inits.initializer import Initializer
from dllab.inits.uniform import Uniform
from dllab.inits.zeros import Zeros
from dllab.ops.ids import ids_of
from dllab.ops.layer import Case, Layer
from dllab.ops.negatives import add_row, clear, scores
from dllab.symbols import Dim, Net, ShapeError, Value

Negatives = Annotated[int, Field(ge=1, le=1000)]


@kernel(y="B F", x="B T", w="V F")
def centre(y, x, w):
    """Y = the row of w that the first id of x names; an id beyond the table gives NaN, so that it is noticed."""
    for b in range(y.shape[0]):
        to, number = y[b], int(x[b, 0])
        if 0 <= number < w.shape[0]:
            of = w[number]
            for f in range(to.shape[0]):
                to[f] = of[f]
        else:
            for f in range(to.shape[0]):
                to[f] = float("nan")


@kernel(dw="V F", dy="B F", x="B T")
def centre_w(dw, dy, x):
    """Dw = dy, added to the row that the first id names."""
    clear(dw)
    for b in range(dy.shape[0]):
        number = int(x[b, 0])
        if 0 <= number < dw.shape[0]:
            add_row(dw[number], 1, dy[b])


class SkipGram(Layer):
    """Skip-gram: y = w[word] . context[other], for a word near it and then for drawn ones.

    For vectors of words. Inputs are pairs of ids (B, 2), a word and one that stood near it; y (B, 1 + negatives) are the
    scores of the true pair and of pairs with words drawn by chance, which the loss `negative_sampling` pulls apart. Each
    word has two vectors: w (V, units), by which it is known afterwards (`dllab neighbours`), and context (V, units). Words
    are drawn by their counts to the power 3/4 where the data bring a table `counts`, else all alike; the draw depends on
    the seed, the step and the row of the data set, and at inference on seed and row alone. A drawn word may be the true
    one. Backward: dw, dcontext = the other vector times dy, added up row by row of the tables; ids have no gradient. Every
    step goes over both tables whole, however few words are in it: take batches of 1024 and more.

        data: word_pairs
        model: [{skip_gram: {units: 50, negatives: 5}}]
        loss: negative_sampling

    Options:

    - units: numbers of a vector.
    - negatives: how many words are drawn for each pair.
    - size: how many words there are, V; vocabulary stands for as many as the data have.
    - init: how w starts; left out, evenly drawn from -1/2 to 1/2, divided by units. context starts at 0.

    Source: Mikolov, Sutskever, Chen, Corrado, Dean, Distributed representations of words and phrases and their
    compositionality (2013).
    """

    name = "skip_gram"
    group = "sequences"
    main = "units"
    units: Size
    negatives: Negatives = 5
    size: Size | Literal["vocabulary"] = "vocabulary"
    init: Annotated[Initializer | None, Nested("initializers")] = None

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3, "negatives": 2}, shape=(2,), ids=5),
        Case({"units": 4, "negatives": 1, "size": 2}, shape=(2,), ids=2, batch=1),
    )

    def build(self, net: Net, x: Value) -> Value:
        """The word's vector, and its scores."""
        if x.shape[1:] != (2,):
            raise ShapeError(
                "skip_gram reads pairs of words, (B, 2): a word and one near it; take data that give such, as "
                "data: word_pairs does"
            )
        words = ids_of(net, x, self.size)
        w = net.parameter("w", (words, self.units), self.init or start(self.units), fans=(1, self.units))
        context = net.parameter("context", (words, self.units), Zeros(), fans=(1, self.units))
        h = net.array((x.shape[0], self.units), "h")
        net.call(centre, backward=(centre_w,), y=h, x=x, w=w)
        return scores(net, h, x, context, true=1, negatives=self.negatives)

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """A product of two vectors for every score."""
        return (1 + self.negatives) * self.units


def start(units: int) -> Initializer:
    """How vectors of words start, as in the program word2vec."""
    return Uniform(limit=0.5 / units)
