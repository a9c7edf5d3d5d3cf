"""Clipping: by norm the direction stays, by value every number is cut by itself."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.engine.network import build
from dllab.engine.prepare import data_of
from dllab.lab.clipping import clipping
from dllab.recipe import parse

TEXT = """\
data: {name: blobs, samples: 120, test: 0.2}
model: [{dense: 6}, relu, {dense: classes}]
optimizer: {sgd: 0.3}
train: {epochs: 4, batch: 16}
"""


def test_by_norm_long_gradients_get_shorter_and_keep_their_direction() -> None:
    found = clipping(parse(TEXT, ["train.clip_norm=0.2"], "r.yaml"), seed=3, steps=12)
    assert found.before.max() > 0.2
    assert found.after == pytest.approx(np.minimum(found.before, 0.2), abs=1e-12)
    assert found.cosine == pytest.approx(1, abs=1e-12) and found.turned == pytest.approx(0, abs=1e-6)


def test_by_value_the_first_gradient_is_cut_number_by_number() -> None:
    recipe = parse(TEXT, ["train.clip_value=0.05"], "r.yaml")
    found, net, data = clipping(recipe, seed=3, steps=2), build(recipe, seed=3, dtype="float64"), data_of(recipe)
    rows = data.splits.train[:16]
    gradients = net.loss_and_gradients(data.seen(rows), data.targets(rows))[1].values()
    before = np.concatenate([values.ravel() for values in gradients])
    after = np.clip(before, -0.05, 0.05)
    cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
    assert found.after[0] == pytest.approx(np.linalg.norm(after)) and found.cosine[0] == pytest.approx(cosine)
    assert found.turned[0] == pytest.approx(np.degrees(np.arccos(cosine))) and found.turned[0] > 1
