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


@given(st.lists(st.integers(1, 9), min_size=1, max_size=60), st.integers(1, 8), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_every_row_once_and_a_short_batch_at_the_end(lengths, size, epoch):
    start = np.random.default_rng(0).permutation(len(lengths))
    order = bucketed(start, lengths, size, epoch=epoch)
    assert sorted(order) == list(range(len(lengths)))
    in_order = np.sort(np.array(lengths))
    whole = len(lengths) // size
    # one pool: the batches are those of the sorted rows, and the longest rows are left for the short one
    batches = sorted(sorted(np.array(lengths)[order[i * size : (i + 1) * size]]) for i in range(whole))
    if len(lengths) <= POOL * size:
        assert batches == sorted(sorted(in_order[i * size : (i + 1) * size]) for i in range(whole))
        assert sorted(np.array(lengths)[order[whole * size :]]) == sorted(in_order[whole * size :])


def test_pools_are_sorted_apart_and_batches_mixed():
    lengths = np.random.default_rng(1).integers(1, 100, 8 * POOL * 3)
    order = bucketed(np.arange(len(lengths)), lengths, 8)
    spread = [np.ptp(lengths[order[i : i + 8]]) for i in range(0, len(order), 8)]
    assert np.mean(spread) < 5
    assert np.mean([np.ptp(lengths[i : i + 8]) for i in range(0, len(order), 8)]) > 60
    means = np.array([lengths[order[i : i + 8]].mean() for i in range(0, len(order), 8)])
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.3, "no way from short to long ones"


@pytest.mark.parametrize("what", ["seed", "epoch"])
def test_the_order_of_batches_depends_on_seed_and_epoch(what):
    lengths = np.random.default_rng(1).integers(1, 100, 400)
    first, second = (bucketed(np.arange(400), lengths, 8, **{what: n}) for n in (0, 1))
    assert (first != second).any()
    assert (first == bucketed(np.arange(400), lengths, 8, **{what: 0})).all()
