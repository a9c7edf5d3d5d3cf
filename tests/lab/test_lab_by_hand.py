"""Nets worked out by hand: the engine has the same numbers, and what is forgotten is missing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dllab.catalogue import parts
from dllab.engine.network import Network, build
from dllab.lab import by_hand
from dllab.lab.suits import Unsuited

MODEL = [{"dense": 3}, "tanh", {"dense": {"units": 2, "bias": False}}, "softmax"]


def net(*model: object) -> Network:
    return build({"data": "xor", "model": list(model), "loss": "cross_entropy"}, seed=3, dtype="float64")


@pytest.mark.parametrize("kind", by_hand.ACTIVATIONS)
def test_every_activation_is_that_of_the_lab(kind: str) -> None:
    made = build({"input": [4], "model": [kind]}, dtype="float64")
    row = [-2.0, -0.5, 0.0, 1.5]
    assert kind in parts("layers")
    (found,) = by_hand.forward(made.plan.program("infer").infos, made.parameters, row)
    assert np.allclose(found, made.forward([row])[0], rtol=0, atol=1e-14)


def test_the_engine_has_the_same_numbers() -> None:
    made = net(*MODEL)
    made.parameters["0_dense.b"][:] = (0.5, -0.25, 1.0)
    steps = by_hand.forward(made.plan.program("infer").infos, made.parameters, [1.0, -2.0])
    assert [len(step) for step in steps] == [3, 3, 2, 2]
    assert np.allclose(steps[-1], made.forward([[1.0, -2.0]])[0], rtol=0, atol=1e-14)


def test_what_is_forgotten_is_missing() -> None:
    made = net(*MODEL)
    infos, w = made.plan.program("infer").infos, made.parameters["0_dense.w"]
    made.parameters["0_dense.b"][:] = 1.0
    assert np.allclose(by_hand.forward(infos, made.parameters, [1.0, 1.0])[0], w.sum(0) + 1)
    assert np.allclose(by_hand.forward(infos, made.parameters, [1.0, 1.0], "bias")[0], w.sum(0))
    bare = by_hand.forward(infos, made.parameters, [1.0, 1.0], "activation")
    assert bare[1] == bare[0] and sum(bare[-1]) == pytest.approx(1), "the last activation stays"


def test_cross_entropy() -> None:
    assert by_hand.cross_entropy([0.2, 0.8], 1) == -math.log(0.8)
    assert by_hand.cross_entropy([0.8], 0) == -math.log(1 - 0.8)


def test_other_layers_are_refused() -> None:
    with pytest.raises(Unsuited, match="layer_norm"):
        made = net({"dense": 2}, "layer_norm")
        by_hand.forward(made.plan.program("infer").infos, made.parameters, [1.0, 1.0])
