"""The unit that goes most by a class is found, and what it likes."""

from __future__ import annotations

import numpy as np

from dllab.lab.keenest import keenest
from dllab.lab.subject import Subject
from dllab.recipe import load


def test_a_unit_that_was_made_for_a_class_is_found() -> None:
    subject = Subject.untrained(
        load("blobs", ["model=[{dense: 3}, relu, {dense: classes}]", "data={name: blobs, classes: 3}"])
    )
    w, b, *_ = subject.network.parameters.values()
    w[...], b[...] = np.array([[0, -1, 1], [1, 0, -0.5]]), -0.3  # blobs lie at the top, lower left and lower right
    x, labels = subject.data.seen(subject.rows("test")), subject.data.dataset.columns["targets"][subject.rows("test")]
    for label in range(3):
        centre = x[labels == label].mean(axis=0)
        found = keenest(subject, "1_relu", label)
        assert found.number == int((centre @ w).argmax()) and found.share > 0.8
        assert np.linalg.norm(found.likes - centre) < 0.3


def test_a_unit_that_gives_nothing_has_no_share() -> None:
    subject = Subject.untrained(load("rings"))
    for values in subject.network.parameters.values():
        values[...] = 0
    found = keenest(subject, "1_tanh", 0)
    assert found.share == 0 and not found.likes.any()
