"""Group norm and instance norm against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernels import PRECISIONS, assembly, plain, run
from linear_twins import Array, ramp
from nets import batch, net, worst_error

import dllab
from dllab.core.settings import jit_enabled
from dllab.ops import group_norm
from dllab.recipe import RecipeError

EPS = 1e-5
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}
CASES = [((2, 3, 4, 6), 3), ((1, 5, 5, 4), 1), ((3, 2, 2, 5), 5), ((2, 9, 8), 2), ((4, 12), 4), ((1, 1, 1, 32), 2)]


def over_groups(x: Array, groups: int, measure: Any) -> Array:
    """A measure of each group, at each of its numbers."""
    out = np.empty(x.shape)
    width = x.shape[-1] // groups
    for n in range(x.shape[0]):
        for g in range(groups):
            part = slice(g * width, (g + 1) * width)
            out[n, ..., part] = measure(x[n, ..., part].astype(np.float64))
    return out


def twin(x: Array, groups: int, gain: Any = 1.0, bias: Any = 0.0, eps: float = EPS) -> Array:
    centred = x - over_groups(x, groups, np.mean)
    return gain * centred / np.sqrt(over_groups(x, groups, np.var) + eps) + bias


def twin_dx(x: Array, dy: Array, groups: int, gain: Array, eps: float = EPS) -> Array:
    z, g = twin(x, groups, eps=eps), gain * dy.astype(np.float64)
    inner = g - over_groups(g, groups, np.mean) - z * over_groups(g * z, groups, np.mean)
    return inner / np.sqrt(over_groups(x, groups, np.var) + eps)


@pytest.mark.parametrize("call", [run, plain])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("together", [1, 3])
@pytest.mark.parametrize(("shape", "groups"), CASES, ids=str)
def test_kernels(call: Any, precision: str, shape: tuple[int, ...], groups: int, together: int) -> None:
    """With `together` places in a row; there are three times as many as the case says."""
    rows, places, channels = shape[0], 3 * int(np.prod(shape[1:-1])), shape[-1]
    a = {name: ramp((rows, places, channels), seed, precision) for seed, name in enumerate(("x", "dy", "y", "dx"))}
    a["x"] = 3 * a["x"] + 5
    a |= {name: ramp((channels,), 9 + seed, precision) for seed, name in enumerate(("gain", "bias", "dgain", "dbias"))}
    a |= {name: np.full((rows, channels), np.nan, precision) for name in ("mean", "scale")}
    a |= {name: np.full(channels, np.nan, precision) for name in ("level", "tilt")}
    for name in ("wide", "wider", "middle", "wide_scale", "wide_gain", "wide_bias"):
        a[name] = np.full(together * channels, np.nan, precision)

    def call_it(kernel: Any, **more: Any) -> None:
        given = {o.name: a[o.name] for o in kernel.operands if o.name in a}
        given |= {
            name: given[name].reshape(rows, -1, together * channels) for name in ("x", "y", "dx", "dy") if name in given
        }
        call(kernel, precision, **given, **more)

    near, sizes = TOLERANCE[precision], {"groups": groups, "count": places * channels // groups}
    call_it(group_norm.forward, **sizes, eps=EPS)
    np.testing.assert_allclose(a["y"], twin(a["x"], groups, a["gain"], a["bias"]), rtol=near, atol=2 * near)
    call_it(group_norm.backward_x, **sizes)
    np.testing.assert_allclose(a["dx"], twin_dx(a["x"], a["dy"], groups, a["gain"]), rtol=near, atol=5 * near)
    call_it(group_norm.backward_gain)
    call_it(group_norm.backward_bias)
    expected = (a["dy"] * twin(a["x"], groups)).sum((0, 1))
    np.testing.assert_allclose(a["dgain"], expected, rtol=near, atol=5 * near)
    np.testing.assert_allclose(a["dbias"], a["dy"].astype(np.float64).sum((0, 1)), rtol=near, atol=5 * near)


@pytest.mark.skipif(not jit_enabled(), reason="machine code needs JIT")
@pytest.mark.parametrize("name", ["forward", "backward_x", "backward_gain", "backward_bias"])
def test_kernels_are_packed(name: str) -> None:
    code = assembly(getattr(group_norm, name))
    assert "addps" in code or "fmadd" in code
    assert "cvtps2pd" not in code


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("shape", "groups"), CASES, ids=str)
def test_the_layer_does_the_same_in_training_and_at_inference(precision: str, shape: tuple[int, ...], groups: int) -> None:
    network = net([{"group_norm": groups}], list(shape[1:]), precision)
    x, _ = batch(network, shape[0])
    gain, bias = network.parameters["0_group_norm.gain"], network.parameters["0_group_norm.bias"]
    near = TOLERANCE[precision]
    for training in (False, True):
        found = network.forward(x, training)
        np.testing.assert_allclose(found, twin(x, groups, gain, bias), rtol=near, atol=2 * near)


def test_kin() -> None:
    """One group over vectors is layer norm; a group for each channel is instance norm."""
    x, _ = batch(net([{"dense": 1}], [6]), 4)
    np.testing.assert_allclose(begun({"group_norm": 1}, [6])(x), begun("layer_norm", [6])(x), rtol=1e-12, atol=1e-12)
    x = ramp((3, 4, 2, 5))
    np.testing.assert_allclose(begun("instance_norm", [4, 2, 5])(x), begun({"group_norm": 5}, [4, 2, 5])(x), rtol=1e-14)


def begun(layer: Any, inputs: list[int]) -> Any:
    return dllab.build({"input": inputs, "model": [layer]}, dtype="float64").forward


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("layer", [{"group_norm": 2}, {"group_norm": {"groups": 4, "gain": 0.5}}, "instance_norm"])
def test_gradients(layer: Any, shards: int) -> None:
    model = [{"dense": 4}, "tanh", layer, "flatten", {"dense": 2}]
    for inputs in ([2, 3, 3], [4, 2]):
        assert worst_error(net(model, inputs, shards=shards)) < 1e-7


@pytest.mark.parametrize(
    ("inputs", "layer", "words"),
    [
        ([2, 6], {"group_norm": 4}, "6 channels are not cut into 4 equal groups; groups can be 1, 2, 3, 6"),
        ([2, 6], {"group_norm": 0}, "groups"),
        ([6], "instance_norm", "of one place with 6 numbers it would leave nothing; take layer_norm"),
        ([1, 1, 6], "instance_norm", "take layer_norm"),
        ([6], {"group_norm": {}}, "groups"),
    ],
)
def test_what_does_not_fit(inputs: list[int], layer: Any, words: str) -> None:
    with pytest.raises(RecipeError) as error:
        dllab.build({"input": inputs, "model": [layer], "loss": "mse"})
    assert words in " ".join(str(error.value).split())
