"""Accuracy on shifted pictures: what a net sees of them."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.lab.shifted import accuracy_shifted
from dllab.lab.subject import Subject
from dllab.recipe import parse

TEXT = """\
data: {name: digits, test: 0.5, flatten: false}
model: [flatten, {dense: classes}]
optimizer: {adam: 0.01}
train: {epochs: 5, batch: 32}
"""


def test_the_mean_of_four_directions() -> None:
    subject = Subject.trained(parse(TEXT, [], "r.yaml"), seed=1)
    rows = subject.rows("test", 100)
    x, y = subject.data.seen(rows), subject.data.targets(rows)
    moved = [np.roll(x, way, axis=(1, 2)) for way in ((2, 0), (-2, 0), (0, 2), (0, -2))]
    by_hand = np.mean([(subject.network.forward(each).argmax(axis=1) == y).mean() for each in moved])
    still = (subject.network.forward(x).argmax(axis=1) == y).mean()
    found = accuracy_shifted(subject, (0, 2), rows=100)
    assert found == pytest.approx([100 * still, 100 * by_hand]) and found[0] > found[1] + 20


def test_a_net_that_forgets_places_does_not_mind() -> None:
    ways = ["model=[conv: {units: 4, kernel: 1}, relu, global_avg_pool, dense: classes]", "train.epochs=1"]
    found = accuracy_shifted(Subject.trained(parse(TEXT, ways, "r.yaml"), seed=1), (0, 1, 3))
    assert found == pytest.approx([found[0]] * 3)
