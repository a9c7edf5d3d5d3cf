"""A net that goes on by another recipe begins with its weights, and leaves them alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dllab.lab.going_on import go_on
from dllab.lab.subject import Subject
from dllab.recipe import load

RECIPE = """\
data: {name: moons, samples: 60, test: 0.25}
model: [{dense: 4}, relu, {dense: classes}]
optimizer: {sgd: 0.1}
train: {epochs: 1, batch: 16}
"""


def first(net: Subject) -> np.ndarray:
    return next(iter(net.network.parameters.values())).copy()


def test_it_begins_with_the_weights_and_is_looked_at() -> None:
    net = Subject.untrained(load(RECIPE), seed=3)
    before = first(net)
    seen = go_on(net, load(RECIPE, ["model[1]=tanh"]), 10, first, looks=5)
    assert len(seen) == 6 and np.array_equal(seen[0], before)
    assert all(not np.array_equal(one, other) for one, other in pairwise(seen))
    assert np.array_equal(first(net), before), "the net itself stays"


def test_steps_are_those_of_the_other_recipe() -> None:
    net = Subject.untrained(load(RECIPE), seed=3)
    far = go_on(net, load(RECIPE, ["optimizer={sgd: 10}"]), 1, first)
    near = go_on(net, load(RECIPE, ["optimizer={sgd: 0.1}"]), 1, first)
    assert np.allclose(far[1] - far[0], 100 * (near[1] - near[0]), rtol=1e-2)


def test_nets_of_another_shape_are_refused() -> None:
    net = Subject.untrained(load(RECIPE))
    with pytest.raises(ValueError, match="other shapes"):
        go_on(net, load(RECIPE, ["model[0].dense=5"]), 1, first)
