"""CBOW: the words around a place tell which word stands there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from dllab.catalogue import Nested, Size
from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.inits.initializer import Initializer
from dllab.inits.zeros import Zeros
from dllab.ops.ids import ids_of
from dllab.ops.layer import Case, Layer
from dllab.ops.negatives import add_row, clear, scores
from dllab.ops.sequence import lengths_of
from dllab.ops.skip_gram import Negatives, start
from dllab.symbols import Dim, Net, ShapeError, Value


@kernel(y="B F", x="B T", w="V F", lengths="B:int32")
def mean(y, x, w, lengths):
    """Y = the mean of the rows of w that the ids of x after the first name; an id beyond the table gives NaN."""
    clear(y)
    for b in range(y.shape[0]):
        to, ids = y[b], x[b]
        share = like(to[0], 1 / max(lengths[b] - 1, 1))
        for t in range(1, lengths[b]):
            number = int(ids[t])
            if 0 <= number < w.shape[0]:
                add_row(to, share, w[number])
            else:
                to[0] = float("nan")


@kernel(dw="V F", dy="B F", x="B T", lengths="B:int32")
def mean_w(dw, dy, x, lengths):
    """Dw = dy divided by the number of words, added to the row of each."""
    clear(dw)
    for b in range(dy.shape[0]):
        slope, ids = dy[b], x[b]
        share = like(slope[0], 1 / max(lengths[b] - 1, 1))
        for t in range(1, lengths[b]):
            number = int(ids[t])
            if 0 <= number < dw.shape[0]:
                add_row(dw[number], share, slope)


class CBOW(Layer):
    """CBOW: y = h . context[word], h = the mean of w[words around], then the same for drawn words.

    Continuous bag of words: skip_gram the other way round, and quicker, since a row stands for all pairs of a place. Inputs
    are ids (B, 1 + C), a word and the C around it, of which there may be fewer where the data have `lengths`; y (B, 1 +
    negatives) are the scores of the true word and of drawn ones, for the loss `negative_sampling`. w (V, units) are the
    vectors by which words are known afterwards (`dllab neighbours`); how words are drawn says skip_gram.
    Backward: dcontext = h times dy, dw = dh / C, added up row by row of the tables; ids have no gradient.

        data: {word_pairs: cbow}
        model: [{cbow: {units: 50, negatives: 5}}]
        loss: negative_sampling

    Options:

    - units: numbers of a vector.
    - negatives: how many words are drawn for each place.
    - size: how many words there are, V; vocabulary stands for as many as the data have.
    - init: how w starts; left out, evenly drawn from -1/2 to 1/2, divided by units. context starts at 0.

    Source: Mikolov, Chen, Corrado, Dean, Efficient estimation of word representations in vector space (2013).
    """

    name = "cbow"
    group = "sequences"
    main = "units"
    units: Size
    negatives: Negatives = 5
    size: Size | Literal["vocabulary"] = "vocabulary"
    init: Annotated[Initializer | None, Nested("initializers")] = None

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3, "negatives": 2}, shape=(4,), ids=5),
        Case({"units": 3, "negatives": 2}, shape=(5,), ids=4, lengths=True),
    )

    def build(self, net: Net, x: Value) -> Value:
        """The mean of the words around, and its scores."""
        steps = x.features
        if len(x.shape) != 2 or steps < 2:
            raise ShapeError(
                "cbow reads rows of words, (B, 1 + C): a word and those around it; take data that give such, as "
                "data: {word_pairs: cbow} does"
            )
        words = ids_of(net, x, self.size)
        w = net.parameter("w", (words, self.units), self.init or start(self.units), fans=(1, self.units))
        context = net.parameter("context", (words, self.units), Zeros(), fans=(1, self.units))
        h = net.array((x.shape[0], self.units), "h")
        net.call(mean, backward=(mean_w,), y=h, x=x, w=w, lengths=lengths_of(net, x))
        return scores(net, h, x, context, true=0, negatives=self.negatives)

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """The mean of the words around, and a product of two vectors for every score."""
        steps = x[-1]
        assert isinstance(steps, int)
        return (steps + self.negatives) * self.units
