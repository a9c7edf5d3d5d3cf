"""Variances from layer to layer: by hand from the outputs, and a factor that grows with the weights."""

from __future__ import annotations

import pytest

from dllab.lab.subject import Subject
from dllab.lab.variances import variances
from dllab.recipe import parse

TEXT = """\
data: {name: digits, test: 0.5}
model: [repeat: {times: 4, layers: [{dense: {units: 32, init: {normal: 0.1}}}, relu]}, dense: classes]
optimizer: {sgd: 0.1}
train: {epochs: 1, batch: 32}
"""
INIT = "model[0].repeat.layers[0].dense.init={normal: 0.2}"


def test_twice_the_weights_are_four_times_the_variance_a_layer() -> None:
    (one, back), (two, twice) = (
        variances(Subject.untrained(parse(TEXT, change, "r.yaml"), seed=1)) for change in ([], [INIT])
    )
    assert len(one) == len(back) == 4
    assert [large / small for large, small in zip(two, one)] == pytest.approx([4, 16, 64, 256], rel=1e-4)
    assert (twice[0] / twice[-1]) / (back[0] / back[-1]) == pytest.approx(64, rel=0.3)


def test_the_variance_is_that_of_the_outputs() -> None:
    subject = Subject.untrained(parse(TEXT, [], "r.yaml"), seed=1)
    path = next(info.path for info in subject.network.plan.infos if info.path.endswith("relu"))
    output = subject.inference(subject.rows("train")).output(path)
    assert variances(subject)[0][0] == pytest.approx(output.var(), rel=0.05)
