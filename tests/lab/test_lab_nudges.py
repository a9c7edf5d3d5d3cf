"""Weights moved one by one: small steps change the loss and no answer, large ones change answers."""

from __future__ import annotations

import numpy as np

from dllab.lab.nudges import nudges
from dllab.lab.subject import Subject
from dllab.recipe import parse

MOONS = """\
data: {name: moons, samples: 60, noise: 0.2}
model: [{dense: 4}, tanh, {dense: classes}, softmax]
loss: cross_entropy
train: {dtype: float64, epochs: 2}
"""


def test_small_and_large_steps() -> None:
    net = Subject.trained(parse(MOONS), seed=1)
    before = {label: values.copy() for label, values in net.network.parameters.items()}
    small = nudges(net, 1e-8)
    assert (small.weights, small.loss, small.accuracy) == (2 * 4 + 4 + 4 * 2 + 2, 22, 0)
    assert nudges(net, 5.0).accuracy > 5 and nudges(net, 0.0).loss == 0
    for label, values in net.network.parameters.items():
        np.testing.assert_array_equal(values, before[label])
