"""The gradient that a recurrent layer is given stays to be read, also where the layer hands on its last state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dllab.engine.inside import Inside
from dllab.engine.network import Network
from dllab.engine.question import question_of
from dllab.plan.plan import Plan
from dllab.plan.probes import Probe
from dllab.recipe import load

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_the_gradient_by_the_last_state(kind: str) -> None:
    model = [{kind: {"units": 4, "return": "last"}}, {"dense": 1}]
    recipe = load({"input": [6, 2], "model": model, "loss": "mse", "optimizer": {"sgd": 0.1}})
    question = question_of(recipe, None, precision="float64", batch=5)
    probe = Probe(f"0_{kind}", "output_gradient")
    net = Network(Plan(replace(question, probes=(probe,), shards=1)), recipe)
    x, y = RNG.normal(size=(5, 6, 2)), RNG.normal(size=(5, 1))
    inside = Inside.training(net, x, y)
    by_output = 2 * (inside.output("1_dense") - y) / 5
    expected = by_output @ net.parameters["1_dense.w"].T
    found = inside.output_gradient(f"0_{kind}")
    assert found is not None
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    net.step(x, y)
    np.testing.assert_allclose(net.memory.looks(probe, 1)[0], expected.ravel(), rtol=1e-10)


def test_what_the_way_back_leaves() -> None:
    model = [{"rnn": {"units": 4, "return": "last"}}, {"dense": 1}]
    recipe = load({"input": [6, 2], "model": model, "loss": "mse", "optimizer": {"sgd": 0.1}})
    net = Network(Plan(question_of(recipe, None, precision="float64", batch=5)), recipe)
    x, y = RNG.normal(size=(5, 6, 2)), RNG.normal(size=(5, 1))
    inside = Inside.training(net, x, y)
    dz = inside.backward("0_rnn", "dz")
    assert dz.shape == (5, 6, 4)
    np.testing.assert_allclose(np.einsum("ntf,nth->fh", x, dz), inside.gradients()["0_rnn.wx"], rtol=1e-10)
    with pytest.raises(KeyError):
        inside.backward("0_rnn", "nothing")
