"""The plane of a net's inputs: places in the unit of the data, and units as a forward pass by hand has them."""

from __future__ import annotations

import numpy as np
import pytest
from marks import compiled_only

from dllab.lab.plane_map import line_map, plane_map
from dllab.lab.subject import Subject
from dllab.lab.suits import Unsuited
from dllab.recipe import load

pytestmark = compiled_only


def test_places_and_units_are_those_of_a_forward_pass_by_hand() -> None:
    subject = Subject.untrained(load("moons", ["data.standardise=true"]), seed=2)
    found = plane_map(subject, "train", units=True)
    points = subject.data.dataset.columns["inputs"][subject.rows("train")]
    assert (found.low < points.min(axis=0)).all() and (found.high > points.max(axis=0)).all()
    corner = subject.ready().predict(np.array([[found.low[0], found.high[1]]], np.float32))
    assert corner.labels is not None and found.labels[0, 0] == corner.labels[0]
    assert found.sure is not None and found.sure[0, 0] == pytest.approx(corner.probabilities().max(), rel=1e-5)
    assert found.wrong == (subject.ready().predict(points).labels
                           != subject.data.dataset.columns["targets"][subject.rows("train")]).sum()  # fmt: skip
    assert found.units is not None and found.units.path == subject.network.plan.infos[1].path
    w, b = (subject.network.parameters[f"0_dense.{name}"] for name in "wb")
    top_left = (np.array([found.low[0], found.high[1]]) - subject.data.shift) * subject.data.scale
    before = top_left @ w + b
    by_hand = np.tanh(before) if found.units.kind == "tanh" else np.maximum(before, 0)
    np.testing.assert_allclose([unit.values[0, 0] for unit in found.units.units], by_hand, atol=1e-5)


def test_a_net_that_only_says_yes_or_no_has_no_probabilities() -> None:
    assert plane_map(Subject.untrained(load("perceptron")), "train").sure is None


def test_a_layer_that_is_not_there_is_refused_with_those_that_are() -> None:
    subject = Subject.untrained(load("xor"))
    with pytest.raises(Unsuited, match="no such layer") as refusal:
        plane_map(subject, "train", "5_relu")
    assert "0_dense" in refusal.value.hint
    units = plane_map(subject, "train", "dense").units
    assert units is not None and units.path == "0_dense"


def test_the_curve_of_one_input() -> None:
    subject = Subject.untrained(load("function"), seed=1)
    found = line_map(subject, "test")
    said = subject.ready().predict(found.x[5:6, None].astype(np.float32)).outputs[0, 0]
    assert found.y[5] == pytest.approx(said, rel=1e-5) and len(found.points) == found.seen.rows
