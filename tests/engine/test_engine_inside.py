"""What the engine's buffers hold after a batch, against plain numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dllab.engine.inside import Inside
from dllab.engine.network import Network
from dllab.engine.question import question_of
from dllab.plan.plan import Plan
from dllab.recipe import load
from dllab.symbols import COLUMN

RNG = np.random.default_rng(0)


def network(*model, loss="cross_entropy", inputs=(3,), **more):
    recipe = load({"input": list(inputs), "model": list(model), "loss": loss, "optimizer": {"sgd": 0.5}, **more})
    return Network(Plan(question_of(recipe, None, precision="float64", batch=5)), recipe)


def test_outputs_of_every_layer_and_gradients_by_them() -> None:
    net = network({"dense": 4}, "tanh", {"dense": 2})
    x, labels = RNG.normal(size=(5, 3)), RNG.integers(0, 2, 5)
    inside = Inside.training(net, x, labels)
    p = net.parameters
    hidden = x @ p["0_dense.w"] + p["0_dense.b"]
    active = np.tanh(hidden)
    scores = active @ p["2_dense.w"] + p["2_dense.b"]
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    by_scores = (shares - np.eye(2)[labels]) / 5
    by_active = by_scores @ p["2_dense.w"].T
    for path, output, gradient in (
        ("0_dense", hidden, by_active * (1 - active**2)),
        ("1_tanh", active, by_active),
        ("2_dense", scores, by_scores),
    ):
        np.testing.assert_allclose(inside.output(path), output, rtol=1e-12)
        found = inside.output_gradient(path)
        assert found is not None
        np.testing.assert_allclose(found, gradient, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(inside.input("1_tanh"), hidden, rtol=1e-12)
    np.testing.assert_allclose(inside.gradients()["2_dense.w"], active.T @ by_scores, rtol=1e-10)
    assert inside.loss == pytest.approx(-np.log(shares[np.arange(5), labels]).mean())


def test_inference_of_some_rows() -> None:
    net = network({"dense": 4}, {"dropout": 0.5}, {"dense": 2})
    columns = {COLUMN + "inputs": RNG.normal(size=(9, 3))}
    rows = np.array([7, 2, 2])
    inside = Inside.inference(net, columns, rows)
    p = net.parameters
    hidden = columns[COLUMN + "inputs"][rows] @ p["0_dense.w"] + p["0_dense.b"]
    np.testing.assert_allclose(inside.output("1_dropout"), hidden, rtol=1e-12)
    np.testing.assert_allclose(inside.outputs, hidden @ p["2_dense.w"] + p["2_dense.b"], rtol=1e-12)
    assert inside.loss is None and inside.output_gradient("0_dense") is None


def test_a_view_of_an_array_has_its_gradient() -> None:
    net = network({"conv": {"units": 2, "kernel": 2}}, "flatten", {"dense": 2}, inputs=(3, 3, 1))
    inside = Inside.training(net, RNG.normal(size=(4, 3, 3, 1)), np.array([0, 1, 1, 0]))
    whole, flat = inside.output_gradient("0_conv"), inside.output_gradient("1_flatten")
    assert whole is not None and flat is not None
    np.testing.assert_array_equal(flat, whole.reshape(4, -1))


def test_inside_of_attention() -> None:
    net = network({"attention": {"heads": 2, "causal": True}}, "last_step", {"dense": 2}, inputs=(4, 6))
    inside = Inside.training(net, RNG.normal(size=(3, 4, 6)), np.array([0, 1, 1]))
    assert "p" in inside.inner_names("0_attention")
    shares = inside.inner("0_attention", "p")
    np.testing.assert_allclose(shares.reshape(3, 2, 4, 4).sum(-1), 1, rtol=1e-12)


def test_two_shards_are_refused() -> None:
    recipe = load({"input": [3], "model": [{"dense": 2}], "loss": "cross_entropy", "optimizer": {"sgd": 0.5}})
    net = Network(Plan(replace(question_of(recipe, None, batch=5), shards=2)), recipe)
    with pytest.raises(AssertionError, match="shards"):
        Inside.training(net, RNG.normal(size=(4, 3)), np.array([0, 1, 1, 0]))
