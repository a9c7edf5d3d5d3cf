"""Batches of sequences of about the same length, so that little of a step is spent on padding.

After the shuffle of an epoch the rows are sorted by length within pools of several batches, and then whole batches are
shuffled. A pool holds a share of the rows, drawn anew in every epoch, so that a row meets others of about its length each
time. The rows of a short batch are drawn from all of them, too.
"""

from __future__ import annotations

from typing import Any

from dllab.core.bits import hash64
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.rng import STREAM_SHUFFLE, key

POOL, FEW = 50, 4
"""Batches that are sorted together: a quarter of all, from FEW to POOL, and never more than half."""

AFTER_THE_ROWS = 1
"""The batches' own key: that of the rows' shuffle, one further in."""


@kernel(order="N:int64", lengths="R:int32", size=":int64", seed=":int64", epoch=":int64")
def bucket(order, lengths, size, seed, epoch):
    """Order (N,): sorted by length within pools of batches of `size` rows, whole batches then shuffled.

    A short batch at the end stays as it is.
    """
    batches = order.shape[0] // size
    pool = max(min(max(batches // 4, FEW), POOL, (batches + 1) // 2), 1)
    for first in range(0, batches, pool):
        _sort(order, lengths, first * size, min(pool, batches - first) * size)
    drawn = key(key(seed, STREAM_SHUFFLE, epoch), STREAM_SHUFFLE, AFTER_THE_ROWS)
    for i in range(1, batches):
        j = (((hash64(drawn, i) >> 32) & 0xFFFFFFFF) * (i + 1)) >> 32
        for k in range(size):
            here, there = i * size + k, j * size + k
            order[here], order[there] = order[there], order[here]


@device
def _sort(order: Any, lengths: Any, first: int, count: int) -> None:
    """Heap sort of order[first : first + count] by length: in place, whatever the count."""
    for start in range(count // 2):
        _sink(order, lengths, first, count // 2 - 1 - start, count)
    for gone in range(count - 1):
        end = count - 1 - gone
        order[first], order[first + end] = order[first + end], order[first]
        _sink(order, lengths, first, 0, end)


@device
def _sink(order: Any, lengths: Any, first: int, start: int, count: int) -> None:
    """Let the row at `start` of a heap sink until no child is longer."""
    place = start
    child = 2 * place + 1
    while child < count:
        if child + 1 < count and lengths[order[first + child + 1]] > lengths[order[first + child]]:
            child += 1
        if lengths[order[first + child]] <= lengths[order[first + place]]:
            return
        order[first + place], order[first + child] = order[first + child], order[first + place]
        place = child
        child = 2 * place + 1
