"""Sigmoids with other weights compute what tanhs do."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.engine.network import build
from dllab.lab.same_function import twin, with_sigmoids
from dllab.lab.subject import Subject
from dllab.recipe import parse

MODEL = "{{input: [3], model: [{{dense: 5}}, {0}, {{dense: 4}}, {0}, {{dense: 2}}]}}"


def test_outputs_are_the_same() -> None:
    tanh, sigmoid = (build(parse(MODEL.format(kind)), seed=1, dtype="float64") for kind in ("tanh", "sigmoid"))
    for b in list(tanh.parameters.values())[1::2]:
        b[...] = np.random.default_rng(0).normal(size=b.shape)
    x = np.random.default_rng(1).normal(size=(20, 3))
    assert not np.allclose(tanh.forward(x), sigmoid.forward(x), atol=0.1)
    for own, values in zip(sigmoid.parameters.values(), with_sigmoids(tanh.parameters)):
        own[...] = values
    assert np.allclose(tanh.forward(x), sigmoid.forward(x), atol=1e-13)


def test_other_layers_are_refused() -> None:
    net = build(parse("{input: [3], model: [{dense: {units: 5, bias: false}}, tanh, {dense: 2}]}"))
    with pytest.raises(ValueError, match="no dense layers with biases"):
        with_sigmoids(net.parameters)


def test_a_twin_has_the_function_of_its_net() -> None:
    text = "data: {name: moons, samples: 60, test: 0.25}\nmodel: [{dense: 5}, tanh, {dense: classes}]\ntrain: {epochs: 2}\n"
    net = Subject.trained(parse(text), seed=1)
    other = twin(net, parse(text, ["model[1]=sigmoid"]))
    x = net.data.seen(net.rows("test"))
    assert np.allclose(other.network.forward(x), net.network.forward(x), atol=1e-5)
