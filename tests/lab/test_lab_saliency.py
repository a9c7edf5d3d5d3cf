"""Of a linear net the saliency is its weights; of another it is the slope at the input."""

from __future__ import annotations

import numpy as np

from dllab.lab.saliency import saliency
from dllab.lab.subject import Subject
from dllab.recipe import parse

RECIPE = """\
data: {name: moons, samples: 60, test: 0.25}
model: [{dense: 3}, batch_norm, identity, {dense: classes}]
train: {epochs: 2}
"""


def test_of_a_linear_net_it_is_the_weights() -> None:
    net = Subject.trained(parse(RECIPE, ["model=[{dense: classes}]"]), seed=1)
    x = net.data.seen(net.rows("test"))[:3]
    assert np.allclose(saliency(net, x, 1), net.network.parameters["0_dense.w"][:, 1], atol=1e-9)


def test_it_foretells_small_changes() -> None:
    """Running means of batch norm are those of the net, too."""
    net = Subject.trained(parse(RECIPE, ["model[2]=tanh"]), seed=1)
    x = net.data.seen(net.rows("test"))[:4]
    step = 0.01 * np.random.default_rng(0).normal(size=x.shape).astype(np.float32)
    change = net.network.forward(x + step)[:, 0] - net.network.forward(x)[:, 0]
    assert np.allclose((saliency(net, x, 0) * step).sum(1), change, atol=3e-4)
    assert np.abs(change).max() > 3e-3


def test_pictures_keep_their_shape() -> None:
    text = "data: {name: digits, flatten: false}\nmodel: [{conv: 2}, relu, flatten, {dense: classes}]\ntrain: {epochs: 1}\n"
    net = Subject.untrained(parse(text))
    assert saliency(net, net.data.seen(net.rows("train"))[:2], 3).shape == (2, 8, 8, 1)
