"""The plan's own kernels against plain numpy, in both precisions: gathering, shuffling, sums, probes, split layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels import PRECISIONS, run

from dllab.plan import gather, probes, split, totals

RNG = np.random.default_rng(0)
ROWS = np.array([4, 0, 4, 2])
precisions = pytest.mark.parametrize("precision", PRECISIONS)


def normal(precision: str, *shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(precision)


def close(found: np.ndarray, expected: Any, precision: str) -> None:
    np.testing.assert_allclose(found, expected, rtol=2e-6 if precision == "float32" else 1e-14, atol=0)


@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_a_shuffle_is_another_order_of_the_same_rows(count: int) -> None:
    base = RNG.permutation(1000)[:count]
    orders = []
    for seed, epoch in ((0, 0), (0, 1), (1, 0), (0, 0)):
        order = np.full(count, -1)
        run(gather.shuffle, order=order, base=base, seed=seed, epoch=epoch)
        np.testing.assert_array_equal(np.sort(order), np.sort(base))
        orders.append(order)
    np.testing.assert_array_equal(orders[0], orders[3])
    if count == 100:
        assert not np.array_equal(orders[0], orders[1])
        assert not np.array_equal(orders[0], orders[2])


def test_shuffles_are_fair() -> None:
    """Every row comes first about equally often."""
    firsts = np.zeros(5, int)
    for epoch in range(2000):
        order = np.empty(5, np.int64)
        run(gather.shuffle, order=order, base=np.arange(5), seed=3, epoch=epoch)
        firsts[order[0]] += 1
    assert ((firsts - 400) ** 2 / 400).sum() < 18.5  # chi-square of 4 degrees, 0.1 %


def test_the_rows_of_a_batch() -> None:
    rows = np.empty(3, np.int64)
    run(gather.batch_rows, rows=rows, order=np.arange(10) * 7, first=4)
    np.testing.assert_array_equal(rows, [28, 35, 42])


@precisions
@pytest.mark.parametrize("kept", ["uint8", "int32", "float32", "float64"])
def test_gathering_from_any_type(precision: str, kept: str) -> None:
    source = RNG.integers(0, 256, (6, 3)).astype(kept)
    x, shift, scale = np.empty((4, 3), precision), normal(precision, 3), normal(precision, 3)
    run(gather.gather, precision, x=x, source=source, rows=ROWS)
    close(x, source[ROWS], precision)
    run(gather.gather_scaled, precision, x=x, source=source, rows=ROWS, shift=shift, scale=scale)
    close(x, (source[ROWS] - shift.astype(float)) * scale, precision)


@precisions
def test_gathering_labels(precision: str) -> None:
    labels, found = np.array([0, 2, 1, 1, 2, 0], np.int32), np.empty(4, np.int32)
    run(gather.gather_labels, precision, y=found[:, None], source=labels[:, None], rows=ROWS)
    np.testing.assert_array_equal(found, labels[ROWS])
    steps = np.array([[0, -1], [1, 2], [-1, -1], [2, 2], [0, 1], [1, -1]], np.int32)
    of_steps = np.empty((4, 2), np.int32)
    run(gather.gather_labels, precision, y=of_steps, source=steps, rows=ROWS)
    np.testing.assert_array_equal(of_steps, steps[ROWS])
    count = np.zeros(1, np.int64)
    run(gather.count_labels, precision, count=count, source=steps, order=np.array([5, 3, 1, 2]), whole=1, batch=2)
    assert count[0] == 4
    run(gather.count_labels, precision, count=count, source=steps, order=np.array([5, 3, 1, 2]), whole=3, batch=1)
    assert count[0] == 1, "nothing to count must not divide by 0"
    coded = np.full((4, 3), 9, precision)
    run(gather.gather_one_hot, precision, y=coded, source=labels, rows=ROWS)
    np.testing.assert_array_equal(coded, np.eye(3)[labels[ROWS]])
    single = np.full((4, 1), 9, precision)
    run(gather.gather_one_hot, precision, y=single, source=np.minimum(labels, 1), rows=ROWS)
    np.testing.assert_array_equal(single[:, 0], np.minimum(labels, 1)[ROWS])


@precisions
def test_outputs_are_kept_in_their_places(precision: str) -> None:
    outputs, y = np.zeros((6, 2), precision), normal(precision, 3, 2)
    run(gather.scatter, precision, outputs=outputs, y=y, first=2)
    np.testing.assert_array_equal(outputs[2:5], y)
    assert not outputs[[0, 1, 5]].any()


@precisions
def test_sums_of_gradients(precision: str) -> None:
    g, other = normal(precision, 2, 19)
    expected = g + other
    run(totals.add_gradients, precision, g=g, other=other)
    np.testing.assert_array_equal(g, expected)
    to, of = normal(precision, 2, 3, 4)
    expected = to + of
    run(totals.add_into, precision, to=to, of=of)
    np.testing.assert_array_equal(to, expected)


@precisions
def test_small_numbers_of_a_step(precision: str) -> None:
    losses, out = np.zeros(4), np.zeros(1)
    run(totals.keep_loss, precision, losses=losses, parts=np.array([0.25, 0.5]), step=7)
    np.testing.assert_array_equal(losses, [0, 0, 0, 0.75])
    run(totals.rate_of_group, precision, out=out, lr=0.5, factor=0.25)
    assert out[0] == 0.125


@precisions
@pytest.mark.parametrize(("shard", "first"), [(0, 0), (1, 2)])
def test_probes(precision: str, shard: int, first: int) -> None:
    x, ring = normal(precision, 3, 2), np.zeros((3, 10), precision)  # of a batch of 5: rows 0 and 1, then 2 to 4
    x = x[: 2 + shard].copy()
    run(probes.copy, precision, ring=ring, x=x, step=8, every=2, shard=shard, shards=2, batch=5, width=2)
    np.testing.assert_array_equal(ring[1, 2 * first : 2 * first + x.size], x.ravel())
    assert np.count_nonzero(ring) == x.size
    summary = np.zeros((3, 2, 6), precision)
    x[0, 1] = 0
    run(probes.summarise, precision, ring=summary, x=x, step=8, every=2, shard=shard)
    wide = x.astype(np.float64)
    close(summary[1, shard], [x.size, wide.sum(), (wide**2).sum(), wide.min(), wide.max(), 1], precision)


@precisions
def test_portraits_and_counts(precision: str) -> None:
    x, ring = normal(precision, 3, 2), np.zeros((3, 2, len(probes.PORTRAIT)))
    x[0] = 0, -30
    run(probes.portray, precision, ring=ring, x=x, low=-2.0, high=0.5, step=8, every=2, shard=1)
    wide = x.astype(np.float64)
    bins = np.histogram(wide / (1 + np.abs(wide)), np.linspace(-1, 1, probes.BINS + 1))[0]
    flat = np.count_nonzero((wide <= -2) | (wide >= 0.5))
    close(ring[1, 1], [6, wide.sum(), (wide**2).sum(), wide.min(), wide.max(), 1, flat, *bins], precision)
    assert np.count_nonzero(ring[[0, 2]]) == np.count_nonzero(ring[1, 0]) == 0
    odd = np.array([np.nan, np.inf, 1.0], precision)
    run(probes.portray, precision, ring=ring, x=odd, low=-2.0, high=0.5, step=8, every=2, shard=1)
    assert ring[1, 1, 7:].sum() == 1 and np.isnan(ring[1, 1, 1])
    huge = np.array([7e15, 1e16, 1e30, -7e15, -1e30], precision)  # x / (1 + |x|) + 1 rounds to 2, and to 0
    run(probes.portray, precision, ring=ring, x=huge, low=-2.0, high=0.5, step=8, every=2, shard=0)
    np.testing.assert_array_equal(ring[1, 0, 7:], [2, *[0] * (probes.BINS - 2), 3])
    assert ring[1, 1, 0] == 3  # what lies behind it is as it was
    large = normal(precision, 5 * probes.SAMPLE)
    run(probes.portray, precision, ring=ring, x=large, low=0.0, high=np.inf, step=8, every=2, shard=1)
    close(ring[1, 1, 1], large[::5].astype(np.float64).sum(), precision)
    units = np.zeros((2, 1, 3), precision)
    run(probes.count_active, precision, ring=units, x=x, step=3, every=2, shard=0)
    np.testing.assert_array_equal(units[:, 0], [[0, 0, 0], [2, 3, 3]])


@precisions
def test_squares(precision: str) -> None:
    x, ring, kept = normal(precision, 7), np.zeros((2, 2)), np.zeros(7, precision)
    run(probes.keep_square, precision, ring=ring, x=x, step=3, every=3, shard=1)
    close(ring, [[0, 0], [0, (x.astype(np.float64) ** 2).sum()]], precision)
    square, ring = ring[1, 1], np.zeros((2, 1))
    run(probes.keep, precision, kept=kept, x=x)
    np.testing.assert_array_equal(kept, x)
    for step in (4, 6):
        run(probes.keep_change, precision, ring=ring, x=x, kept=np.zeros(7, precision), step=step, every=3)
        close(ring[:, 0], [0 if step == 4 else square, 0], precision)


@precisions
@pytest.mark.parametrize("batch", [1, 2, 5])
def test_rows_of_two_shards_together(precision: str, batch: int) -> None:
    a, b, y = normal(precision, batch, 3), normal(precision, batch, 3), np.empty((batch, 3), precision)
    cut = batch // 2
    expected = np.concatenate([a[:cut], b[: batch - cut]])
    run(split.spread, precision, y=y, a=a, b=b, batch=batch)
    np.testing.assert_array_equal(y, expected)
    y[:] = 0
    run(split.spread_back, precision, dp=y, ga=a, gb=b, batch=batch)
    np.testing.assert_array_equal(y, expected)


@precisions
def test_partial_sums_are_collected(precision: str) -> None:
    one, other, bias = normal(precision, 5, 3), normal(precision, 5, 3), normal(precision, 3)
    y = np.empty((2, 3), precision)
    run(split.collect, precision, y=y, one=one, other=other, b=bias, first=13, whole=10)
    np.testing.assert_allclose(y, (one + other + bias)[3:5], rtol=1e-5)
    run(split.collect_back, precision, dx=y, ga=one, gb=other, first=13, whole=10)
    np.testing.assert_array_equal(y, (one + other)[3:5])


@precisions
def test_portraits_of_sequences_end_where_they_end(precision: str) -> None:
    x, ends = normal(precision, 3, 4, 2), np.array([4, 1, 2], np.int32)
    there = np.concatenate([x[n, :end].ravel() for n, end in enumerate(ends)]).astype(np.float64)
    ring = np.zeros((2, 1, len(probes.PORTRAIT)))
    run(probes.portray_steps, precision, ring=ring, x=x, ends=ends, low=-1.0, high=1.0, step=3, every=2, shard=0)
    flat, bins = np.count_nonzero(abs(there) >= 1), np.histogram(there / (1 + abs(there)), np.linspace(-1, 1, 33))[0]
    expected = [14, there.sum(), (there**2).sum(), there.min(), there.max(), 0, flat, *bins]
    close(ring[1, 0], expected, precision)
    x[0, 3, 1] = x[2, 3, 0] = 0  # the second lies behind an end
    units = np.zeros((2, 1, 3), precision)
    run(probes.count_active_steps, precision, ring=units, x=x, ends=ends, step=3, every=2, shard=0)
    np.testing.assert_array_equal(units[1, 0], [7, 6, 7])
