"""A net that goes on by another recipe begins with its weights, and leaves them alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dllab.lab.activations import between, never_on
from dllab.lab.going_on import go_on, training_loss
from dllab.lab.gradients import first_over_last, weight_gradients
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


@pytest.mark.parametrize(
    ("steps", "looks", "places"), [(10, 4, [3, 5, 8, 10]), (3, 10, [1, 2, 3]), (0, 2, []), (7, 1, [7])]
)
def test_many_steps_at_once_are_those_made_one_by_one(steps: int, looks: int, places: list[int]) -> None:
    net, recipe = Subject.untrained(load(RECIPE), seed=3), load(RECIPE, ["optimizer={adam: 0.02}"])
    seen = go_on(net, recipe, steps, first, looks, seed=5)
    other, draw = Subject.untrained(recipe, seed=5), np.random.default_rng(5)
    for label, values in net.network.parameters.items():
        other.network.parameters[label][...] = values
    rows, alone = other.rows("train"), [first(other)]
    for _ in range(steps):
        some = rows[draw.integers(0, len(rows), 16)]
        other.network.step(other.data.seen(some), other.data.targets(some))
        alone.append(first(other))
    assert len(seen) == 1 + len(places)
    assert all(np.array_equal(one, alone[place]) for one, place in zip(seen, [0, *places]))


def test_sequences_go_on_with_their_lengths_and_what_the_decoder_reads() -> None:
    recipe = load("""\
data: {name: reversal, min_length: 2, max_length: 5, samples: 40, test: 0.25}
model:
  - embedding: 4
  - gru: {units: 6, name: encoder}
  - embedding: {units: 4, from: decoder}
  - gru: {units: 6, start: encoder}
  - dense: classes
train: {epochs: 1, batch: 8}
""")
    net, other = Subject.untrained(recipe, seed=3), Subject.untrained(recipe, seed=3)
    seen = go_on(net, recipe, 1, first, seed=3)
    rows = other.rows("train")
    some = rows[np.random.default_rng(3).integers(0, len(rows), 8)]
    other.network.step(other.data.seen(some), other.data.targets(some), **other.extras(some))
    assert len(set(other.data.dataset.columns["lengths"].tolist())) > 1
    assert np.array_equal(seen[1], first(other)) and not np.array_equal(seen[0], seen[1])
    assert training_loss(net) > 0


def test_nets_of_another_shape_are_refused() -> None:
    net = Subject.untrained(load(RECIPE))
    with pytest.raises(ValueError, match="other shapes"):
        go_on(net, load(RECIPE, ["model[0].dense=5"]), 1, first)


def test_the_training_loss_is_that_of_all_rows() -> None:
    net = Subject.trained(load(RECIPE), seed=3)
    assert net.ended is not None
    assert training_loss(net) == pytest.approx(net.ended.figures["train"]["loss"], rel=1e-5)


def test_units_that_are_never_on() -> None:
    """A unit is never on once its bias is far below anything else that it gets; only activations are between."""
    net = Subject.untrained(load(RECIPE), seed=3)
    net.network.parameters["0_dense.b"][2] = -100
    assert never_on(net, "0_dense").tolist() == [False, False, True, False]
    assert [layer.kind for layer in between(net)] == ["relu"] and between(net)[0].dead == 0.25


def test_first_over_last_is_that_of_the_weights() -> None:
    net = Subject.untrained(load(RECIPE), seed=3)
    gradients = net.backward(net.rows("train", 16)).gradients()
    sizes = [float(np.linalg.norm(gradients[label])) for label in ("0_dense.w", "2_dense.w")]
    assert weight_gradients(net) == pytest.approx(sizes, rel=1e-6), "and none of a bias"
    assert first_over_last(net) == pytest.approx(sizes[0] / sizes[1], rel=1e-6)
