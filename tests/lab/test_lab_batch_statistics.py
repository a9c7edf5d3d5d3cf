"""A batch norm from inside: the batch's own statistics in training, the running ones at inference, and the batch-mates."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.lab.batch_statistics import noise_of_mates, normed
from dllab.lab.subject import Subject
from dllab.recipe import parse

TEXT = """\
data: {name: blobs, samples: 120, test: 0.2}
model: [{dense: {units: 6, bias: false}}, batch_norm, relu, {dense: classes}]
optimizer: {sgd: 0.3}
train: {epochs: 4, batch: 16, dtype: float64}
"""
NORM = "1_batch_norm"


@pytest.fixture(scope="module")
def subject() -> Subject:
    return Subject.trained(parse(TEXT, [], "r.yaml"), seed=2)


def test_both_ways_are_those_of_the_formula(subject: Subject) -> None:
    found = normed(subject, subject.rows("train", 20), NORM)
    train, infer = found.by_hand()
    assert found.y == pytest.approx(train, abs=1e-12) and found.inferred == pytest.approx(infer, abs=1e-12)
    assert abs(found.y - found.inferred).max() > 0.01
    assert found.normalised.mean(0) == pytest.approx(0, abs=1e-12)
    assert found.normalised.var(0) == pytest.approx(1, abs=1e-3)
    assert np.array_equal(found.x, found.seen), "below it nothing depends on the batch"


def test_the_noise_falls_with_the_batch_and_there_is_none_at_inference(subject: Subject) -> None:
    small, large = noise_of_mates(subject, NORM, [4, 64])
    assert 2 < small / large < 10  # the square root of 16, roughly; rows are drawn without replacement
    assert noise_of_mates(subject, NORM, [4, 64], draws=5, training=False).max() == pytest.approx(0, abs=1e-14)
