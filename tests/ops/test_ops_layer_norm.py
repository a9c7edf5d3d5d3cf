"""Layer norm against numpy, in both precisions."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernels import PRECISIONS, assembly, plain, run
from nets import batch, net, worst_error

import dllab
from dllab.core.settings import jit_enabled
from dllab.engine.network import Network
from dllab.ops import layer_norm
from dllab.recipe import RecipeError

EPS = 1e-5
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


def twin(x: np.ndarray, gain: Any = 1.0, bias: Any = 0.0, eps: float = EPS) -> np.ndarray:
    x = x.astype(np.float64)
    return gain * (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) + bias


def arrays(precision: str, rows: int = 6, features: int = 37) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    made = {name: rng.normal(size=(rows, features)) for name in ("x", "dy")}
    made["x"] = 3 * made["x"] + 5
    made |= {name: rng.normal(size=features) for name in ("gain", "bias")}
    made |= {name: np.zeros((rows, features)) for name in ("y", "dx")}
    made |= {name: np.zeros(rows) for name in ("mean", "scale")}
    made |= {name: np.zeros(features) for name in ("dgain", "dbias")}
    return {name: values.astype(precision) for name, values in made.items()}


def only(kernel: Any, of: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {operand.name: of[operand.name] for operand in kernel.operands if operand.name in of}


@pytest.mark.parametrize("call", [run, plain])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_kernels_against_the_twin(call: Any, precision: str) -> None:
    a = arrays(precision)
    call(layer_norm.forward, precision, **only(layer_norm.forward, a), eps=EPS)
    near = TOLERANCE[precision]
    np.testing.assert_allclose(a["y"], twin(a["x"], a["gain"], a["bias"]), rtol=near, atol=near)
    for kernel in (layer_norm.backward_x, layer_norm.backward_gain, layer_norm.backward_bias):
        call(kernel, precision, **only(kernel, a))
    x, dy = a["x"].astype(np.float64), a["dy"].astype(np.float64)
    z, g = twin(x), a["gain"] * dy
    inverse = 1 / np.sqrt(x.var(-1, keepdims=True) + EPS)
    dx = inverse * (g - g.mean(-1, keepdims=True) - z * (g * z).mean(-1, keepdims=True))
    for name, expected in (("dx", dx), ("dgain", (dy * z).sum(0)), ("dbias", dy.sum(0))):
        np.testing.assert_allclose(a[name], expected, rtol=near, atol=5 * near, err_msg=name)


@pytest.mark.skipif(not jit_enabled(), reason="machine code needs JIT")
@pytest.mark.parametrize("name", ["forward", "backward_x", "backward_gain", "backward_bias"])
def test_kernels_are_packed(name: str) -> None:
    code = assembly(getattr(layer_norm, name))
    assert "addps" in code or "fmadd" in code
    assert "cvtps2pd" not in code


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shape", [[7], [3, 7]])
def test_the_layer_does_the_same_in_training_and_at_inference(precision: str, shape: list[int]) -> None:
    network = net(["layer_norm"], shape, precision)
    x, _ = batch(network, 5)
    gain, bias = network.parameters["0_layer_norm.gain"], network.parameters["0_layer_norm.bias"]
    near = TOLERANCE[precision]
    for training in (False, True):
        np.testing.assert_allclose(network.forward(x, training), twin(x, gain, bias), rtol=near, atol=near)


@cache
def fresh() -> Network:
    return dllab.build({"input": [9], "model": ["layer_norm"]}, dtype="float64")


@given(st.floats(-1e3, 1e3), st.floats(1, 1e3))
def test_it_begins_by_forgetting_shift_and_scale(shift: float, scale: float) -> None:
    x = np.random.default_rng(1).normal(size=(4, 9))
    np.testing.assert_allclose(fresh().forward(shift + scale * x), fresh().forward(x), atol=2e-4)  # eps shows


def test_gain_and_bias_are_parameters_that_do_not_decay_and_can_be_left_out() -> None:
    assert {label: v.tolist() for label, v in fresh().parameters.items()} == {
        "0_layer_norm.gain": [1.0] * 9,
        "0_layer_norm.bias": [0.0] * 9,
    }
    assert not any(parameter.decays for parameter in fresh().plan.parameters)
    for options, names in (({"gain": False}, ["bias"]), ({"bias": False}, ["gain"]), ({"gain": False, "bias": False}, [])):
        network = net([{"layer_norm": options}], [4])
        assert list(network.parameters) == [f"0_layer_norm.{name}" for name in names]
        x, _ = batch(network, 3)
        gain, bias = (network.parameters.get(f"0_layer_norm.{n}", fixed) for n, fixed in (("gain", 1.0), ("bias", 0.0)))
        np.testing.assert_allclose(network.forward(x), twin(x, gain, bias), rtol=1e-12)


def test_constant_features_give_the_bias_and_nan_stays_in_its_row() -> None:
    network = net(["layer_norm"], [4])
    x = np.array([[2.0, 2, 2, 2], [np.nan, 1, 2, 3], [1, 2, 3, 4]])
    y = network.forward(x)
    np.testing.assert_allclose(y[0], network.parameters["0_layer_norm.bias"], atol=1e-12)
    assert np.isnan(y[1]).all() and np.isfinite(y[2]).all()


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("shape", [[3], [2, 3]])
@pytest.mark.parametrize("options", [{}, {"gain": False}, {"bias": False, "eps": 0.1}])
def test_gradients(options: Any, shape: list[int], shards: int) -> None:
    model = [{"dense": 4}, "tanh", {"layer_norm": options}, {"residual": [{"layer_norm": options}, {"dense": 4}]}]
    assert worst_error(net(model, shape, shards=shards), 3) < 1e-8


@pytest.mark.parametrize("eps", [0, -1, 2])
def test_eps_out_of_range_is_refused(eps: float) -> None:
    with pytest.raises(RecipeError, match="eps"):
        dllab.build({"input": [3], "model": [{"layer_norm": {"eps": eps}}]})


def test_gains_can_start_at_a_number() -> None:
    for start, begins in ((0, 0.0), (0.25, 0.25), (True, 1.0)):
        for name in ("layer_norm", "batch_norm", "instance_norm"):
            network = dllab.build({"input": [3, 4], "model": [{name: {"gain": start}}]})
            assert network.parameters[f"0_{name}.gain"].tolist() == [begins] * 4
            x = np.random.default_rng(1).normal(size=(5, 3, 4)).astype(np.float32)
            assert np.any(network.forward(x)) == bool(begins)
    with pytest.raises(RecipeError, match="gain"):
        dllab.build({"input": [4], "model": [{"layer_norm": {"gain": "much"}}]})


@pytest.mark.parametrize("precision", PRECISIONS)
def test_pictures(precision: str) -> None:
    """The last axis at every pixel."""
    network = net(["layer_norm"], [3, 2, 7], precision)
    x, _ = batch(network, 4)
    gain, bias = network.parameters["0_layer_norm.gain"], network.parameters["0_layer_norm.bias"]
    near = TOLERANCE[precision]
    np.testing.assert_allclose(network.forward(x), twin(x, gain, bias), rtol=near, atol=near)
    assert worst_error(net([{"dense": 3}, "tanh", "layer_norm", "flatten", {"dense": 2}], [2, 3, 2], shards=2)) < 1e-8
