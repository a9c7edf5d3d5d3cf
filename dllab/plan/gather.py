"""Kernels that bring a batch together from the data set, and the shuffle in front of every epoch."""

from __future__ import annotations

from dllab.core.kernel import kernel
from dllab.core.rng import STREAM_SHUFFLE, key, shuffle_into


@kernel(order="N:int64", base="N:int64", seed=":int64", epoch=":int64")
def shuffle(order, base, seed, epoch):
    """A new order of the training rows; it depends on (seed, epoch) alone, so a resumed run needs no state."""
    shuffle_into(order, key(seed, STREAM_SHUFFLE, epoch))
    for i in range(order.shape[0]):
        order[i] = base[order[i]]


@kernel(rows="B:int64", order="N:int64", first=":int64")
def batch_rows(rows, order, first):
    """The data set's row numbers of this batch."""
    for i in range(rows.shape[0]):
        rows[i] = order[first + i]


@kernel(x="B F", source="R F:any", rows="B:int64", shift="F", scale="F")
def gather_scaled(x, source, rows, shift, scale):
    """X = (source - shift) * scale for the rows of the batch, whatever type the data are kept in."""
    for i in range(x.shape[0]):
        to, of = x[i], source[rows[i]]
        for j in range(to.shape[0]):
            to[j] = (of[j] - shift[j]) * scale[j]


@kernel(x="B F", source="R F:any", rows="B:int64")
def gather(x, source, rows):
    """X = source for the rows of the batch."""
    for i in range(x.shape[0]):
        to, of = x[i], source[rows[i]]
        for j in range(to.shape[0]):
            to[j] = of[j]


@kernel(y="B F:int32", source="R F:int32", rows="B:int64")
def gather_labels(y, source, rows):
    """Class labels of the batch: one for each example, or one for each of its steps."""
    for i in range(y.shape[0]):
        to, of = y[i], source[rows[i]]
        for j in range(to.shape[0]):
            to[j] = of[j]


@kernel(y="B K", source="R:int32", rows="B:int64")
def gather_one_hot(y, source, rows):
    """Y = 1 in the column of the class and 0 elsewhere; a single column is that of class 1."""
    first = 1 if y.shape[1] == 1 else 0
    for i in range(y.shape[0]):
        to, label = y[i], source[rows[i]]
        for k in range(to.shape[0]):
            to[k] = 1 if label == k + first else 0


@kernel(count="1:int64", source="R F:int32", order="N:int64", whole=":int64", batch=":int64")
def count_labels(count, source, order, whole, batch):
    """Count = the labels of the whole batch that are not -1, at least 1."""
    found = 0
    for i in range(batch):
        labels = source[order[whole + i]]
        for j in range(labels.shape[0]):
            found += 1 if labels[j] >= 0 else 0
    count[0] = max(found, 1)


@kernel(outputs="N K", y="B K", first=":int64")
def scatter(outputs, y, first):
    """Keep what the net said of this batch, in the order of evaluation."""
    for i in range(y.shape[0]):
        to, of = outputs[first + i], y[i]
        for j in range(of.shape[0]):
            to[j] = of[j]
