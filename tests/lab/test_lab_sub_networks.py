"""The holes of dropout, and a net beside the mean of its sub-networks: known for a dropout before a linear layer."""

from __future__ import annotations

import numpy as np
import pytest
from marks import compiled_only

from dllab.lab.sub_networks import from_mean, holes
from dllab.lab.subject import Subject
from dllab.recipe import parse


def net(model: str) -> Subject:
    return Subject.untrained(parse(f"data: {{name: blobs, samples: 200, test: 0.2}}\nmodel: {model}\n"))


def test_the_holes_of_a_training_step() -> None:
    found = holes(net("[dense: 40, relu, {dropout: 0.2}, dense: classes]"), 50)
    assert found.before.shape == found.mask.shape == found.after.shape == (50, 40)
    np.testing.assert_array_equal(found.after, found.before * found.mask)
    assert found.rate == pytest.approx(0.2, abs=1e-6) and found.used == 1
    assert (found.mask == 0).mean() == pytest.approx(0.2, abs=0.03)


def test_no_holes_at_rate_0() -> None:
    found = holes(net("[dense: 5, {dropout: 0}, dense: classes]"))
    assert found.rate == 0 and (found.mask == 1).all() and found.used == 1


@compiled_only
def test_the_mean_of_sub_networks_is_the_net_before_the_last_layer_only() -> None:
    assert from_mean(net("[dense: 40, relu, {dropout: 0.5}, dense: classes]"), 2000) < 1.6
    assert from_mean(net("[dense: 40, relu, {dropout: 0.5}, dense: 40, relu, dense: classes]"), 2000) > 3
