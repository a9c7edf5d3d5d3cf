"""Batches of about the same length: what the kernel does to the order of an epoch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import run

from dllab.plan.bucket import POOL, bucket


def bucketed(order, lengths, size, seed=0, epoch=0):
    order = np.array(order, np.int64)
    run(bucket, order=order, lengths=np.asarray(lengths, np.int32), size=size, seed=seed, epoch=epoch)
    return order


def in_batches(order, size):
    return [frozenset(order[i : i + size].tolist()) for i in range(0, len(order), size)]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=60), st.integers(1, 8), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_every_row_once_and_a_short_batch_at_the_end(lengths, size, epoch):
    start = np.random.default_rng(0).permutation(len(lengths))
    order = bucketed(start, lengths, size, epoch=epoch)
    whole = len(lengths) // size * size
    assert sorted(order) == list(range(len(lengths)))
    assert order[whole:].tolist() == start[whole:].tolist(), "the short batch is drawn, not what is left at an end"


@pytest.mark.parametrize("batches, pool", [(5, 3), (8, 4), (40, 10), (300, POOL)])
def test_pools_are_sorted_apart_and_batches_mixed(batches, pool):
    lengths = np.random.default_rng(1).integers(1, 100, 8 * batches)
    start = np.random.default_rng(2).permutation(len(lengths))
    order = bucketed(start, lengths, 8)
    pools = [sorted(start[i : i + 8 * pool], key=lambda row: lengths[row]) for i in range(0, len(start), 8 * pool)]
    wanted = [sorted(lengths[rows[i : i + 8]]) for rows in pools for i in range(0, len(rows), 8)]
    found = [sorted(lengths[order[i : i + 8]]) for i in range(0, len(order), 8)]
    assert sorted(found) == sorted(wanted)
    assert found != wanted


def test_little_is_padding_and_no_way_leads_from_short_to_long_ones():
    lengths = np.random.default_rng(1).integers(1, 100, 8 * POOL * 6)
    order = bucketed(np.arange(len(lengths)), lengths, 8)
    assert np.mean([np.ptp(lengths[order[i : i + 8]]) for i in range(0, len(order), 8)]) < 5
    assert np.mean([np.ptp(lengths[i : i + 8]) for i in range(0, len(order), 8)]) > 60
    means = np.array([lengths[order[i : i + 8]].mean() for i in range(0, len(order), 8)])
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.3


@pytest.mark.parametrize("batches", [2, 4, 12, 60])
def test_members_of_batches_differ_from_epoch_to_epoch(batches):
    lengths = np.random.default_rng(1).permutation(8 * batches) + 1  # no two alike: nothing is left to ties
    epochs = [bucketed(np.random.default_rng(e).permutation(len(lengths)), lengths, 8, epoch=e) for e in range(6)]
    first, *others = [in_batches(order, 8) for order in epochs]
    together = [max(len(batch & other) for other in epoch) for batch in first for epoch in others]
    assert np.mean(together) < 6.5
    assert not any(set(first) & set(epoch) for epoch in others)


def test_the_short_batch_is_not_the_longest():
    lengths = np.arange(1, 100)
    last = [bucketed(np.random.default_rng(e).permutation(99), lengths, 8, epoch=e)[96:] for e in range(60)]
    assert abs(lengths[np.concatenate(last)].mean() - 50) < 8
    assert len(set(np.concatenate(last).tolist())) > 70


@pytest.mark.parametrize("what", ["seed", "epoch"])
def test_the_order_of_batches_depends_on_seed_and_epoch(what):
    lengths = np.random.default_rng(1).integers(1, 100, 400)
    first, second = (bucketed(np.arange(400), lengths, 8, **{what: n}) for n in (0, 1))
    assert (first != second).any()
    assert (first == bucketed(np.arange(400), lengths, 8, **{what: 0})).all()
