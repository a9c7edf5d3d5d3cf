"""The batches of a training: all rows once an epoch, in a new order, and a short one where they do not come out even."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.lab.batches import batches
from dllab.recipe import Recipe, parse

TEXT = """\
data: {name: blobs, classes: 2, samples: 25, test: 0}
model: [{dense: classes}]
train: {epochs: 3, batch: 8}
"""


def recipe(*changes: str) -> Recipe:
    return parse(TEXT, list(changes), "r.yaml")


def test_an_epoch_takes_every_row_once_and_ends_in_what_is_left() -> None:
    found = batches(recipe())
    assert [len(batch.rows) for batch in found] == [8, 8, 8, 1] * 3
    assert [(batch.epoch, batch.step) for batch in found] == [(1 + step // 4, 1 + step) for step in range(12)]
    orders = [np.concatenate([batch.rows for batch in found if batch.epoch == epoch]) for epoch in (1, 2, 3)]
    assert all(sorted(order) == list(range(25)) for order in orders)
    assert not np.array_equal(orders[0], orders[1])


def test_without_shuffling_all_epochs_are_alike() -> None:
    found = batches(recipe("train.shuffle=false"))
    assert np.concatenate([batch.rows for batch in found]).tolist() == list(range(25)) * 3


@pytest.mark.parametrize(("steps", "count"), [(None, 3), (2, 2), (9, 3)])
def test_one_batch_an_epoch_and_no_more_steps_than_there_are(steps: int | None, count: int) -> None:
    found = batches(recipe("train.batch=full"), steps=steps)
    assert [len(batch.rows) for batch in found] == [25] * count


def test_the_test_split_is_left_out() -> None:
    found = batches(recipe("data.test=0.2"), seed=3)
    assert len({row for batch in found for row in batch.rows.tolist()}) == 20
