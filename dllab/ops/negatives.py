"""Scores of a true word and of drawn ones, from which skip_gram and cbow learn; how the words are drawn."""

from __future__ import annotations

from dllab.core.bits import like, sqrt
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.rng import STREAM_DROPOUT, bits_at, key, uniform_at
from dllab.symbols import Net, Parameter, ShapeError, Value

COUNTS = "counts"
"""The table of how often each word is in the text."""


@kernel(sums="V:float64", guide="V:int64", counts="V:any")
def add_up(sums, guide, counts):
    """Sums = counts^(3/4), each with those before it; guide[g] = the first word whose sum is above g V-ths of them all."""
    total = 0.0
    for v in range(sums.shape[0]):
        root = sqrt(1.0 * float(counts[v]))
        total += root * sqrt(root)
        sums[v] = total
    word, last = 0, sums.shape[0] - 1
    for g in range(guide.shape[0]):
        level = total * g / guide.shape[0]
        while word < last and sums[word] <= level:
            word += 1
        guide[g] = word


@kernel(drawn="B K:int64", sums="V:float64", guide="V:int64", rows="B:int64", seed=":int64", layer=":int64", use=":int64",
        step=":int64")  # fmt: skip
def draw(drawn, sums, guide, rows, seed, layer, use, step):
    """K words for every row, each with the chance that its part of the sums says.

    Draw k is rng.uniform_at(rng.bits_at(step's key, row of the data set), k).
    """
    step_key, last = key(key(seed, STREAM_DROPOUT, layer), use, step), sums.shape[0] - 1
    for b in range(drawn.shape[0]):
        row_key, to = bits_at(step_key, rows[b]), drawn[b]
        for k in range(to.shape[0]):
            share = uniform_at(row_key, k)
            level, word = share * sums[last], guide[min(int(share * guide.shape[0]), last)]
            while word < last and sums[word] <= level:
                word += 1
            to[k] = word


@kernel(drawn="B K:int64", words=":int64", rows="B:int64", seed=":int64", layer=":int64", use=":int64", step=":int64")
def draw_any(drawn, words, rows, seed, layer, use, step):
    """K words for every row, each with the same chance; by the same numbers as `draw`."""
    step_key = key(key(seed, STREAM_DROPOUT, layer), use, step)
    for b in range(drawn.shape[0]):
        row_key, to = bits_at(step_key, rows[b]), drawn[b]
        for k in range(to.shape[0]):
            to[k] = min(int(uniform_at(row_key, k) * words), words - 1)  # the product may round up


@device
def dot(of, table, number):
    """The product of a vector and a row of a table; NaN beyond the table, so that it is noticed."""
    if number < 0 or number >= table.shape[0]:
        return like(of[0], float("nan"))
    row, total = table[number], like(of[0], 0.0)
    for f in range(of.shape[0]):
        total += of[f] * row[f]
    return total


@device
def add_row(to, share, of):
    """To += share of."""
    for f in range(to.shape[0]):
        to[f] += share * of[f]


@device
def clear(rows):
    """Rows = 0.

    All of a table's gradient, not only the rows that the last step wrote: that takes 10 us for 5,000 words of 50 numbers,
    as much as a few hundred rows of the batch do, and what the update leaves there need not be zeros (weight decay adds).
    """
    for n in range(rows.shape[0]):
        row = rows[n]
        for f in range(row.shape[0]):
            row[f] = 0


@kernel(y="B S", h="B F", x="B T", context="V F", drawn="B K:int64", true=":int64")
def score(y, h, x, context, drawn, true):
    """Y = h times the context's vector of the word in column `true` of x, then times those of the drawn words."""
    for b in range(y.shape[0]):
        to, of, ids, words = y[b], h[b], x[b], drawn[b]
        to[0] = dot(of, context, int(ids[true]))
        for k in range(words.shape[0]):
            to[k + 1] = dot(of, context, words[k])


@kernel(dh="B F", dy="B S", x="B T", context="V F", drawn="B K:int64", true=":int64")
def score_h(dh, dy, x, context, drawn, true):
    """Dh = the sum of the words' vectors, each times its dy."""
    clear(dh)
    for b in range(dh.shape[0]):
        to, slopes, ids, words = dh[b], dy[b], x[b], drawn[b]
        number = int(ids[true])
        if 0 <= number < context.shape[0]:
            add_row(to, slopes[0], context[number])
        for k in range(words.shape[0]):
            add_row(to, slopes[k + 1], context[words[k]])


@kernel(dcontext="V F", dy="B S", h="B F", x="B T", drawn="B K:int64", true=":int64")
def score_context(dcontext, dy, h, x, drawn, true):
    """Dcontext = h times dy, added to the row of each word."""
    clear(dcontext)
    for b in range(dy.shape[0]):
        of, slopes, ids, words = h[b], dy[b], x[b], drawn[b]
        number = int(ids[true])
        if 0 <= number < dcontext.shape[0]:
            add_row(dcontext[number], slopes[0], of)
        for k in range(words.shape[0]):
            add_row(dcontext[words[k]], slopes[k + 1], of)


def scores(net: Net, h: Value, x: Value, context: Parameter, *, true: int, negatives: int) -> Value:
    """The rows that draw words and score them: (B, 1 + negatives). In a training step other words than in the last one."""
    words = context.shape[0]
    assert isinstance(words, int)
    training = int(net.training)
    keys = {
        "rows": net.batch_rows(), "seed": net.counter("seed"), "layer": net.counter("layer"), "use": net.whole(training),
        "step": net.counter("step") if training else net.whole(0),
    }  # fmt: skip
    drawn = net.array((x.shape[0], negatives), "drawn", "int64")
    try:
        counts = net.table(COUNTS)
    except ShapeError:
        net.call(draw_any, backward=(), drawn=drawn, words=net.whole(words), **keys)
    else:
        sums, guide = net.array((words,), "sums", "float64"), net.array((words,), "guide", "int64")
        net.call(add_up, sums=sums, guide=guide, counts=counts)
        net.call(draw, backward=(), drawn=drawn, sums=sums, guide=guide, **keys)
    y = net.array((x.shape[0], 1 + negatives))
    net.call(score, backward=(score_h, score_context), y=y, h=h, x=x, context=context, drawn=drawn, true=net.whole(true))
    return y
