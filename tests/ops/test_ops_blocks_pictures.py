"""Blocks over pictures and signals: projections, channels side by side, blocks that begin as the identity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from linear_twins import ramp
from nets import net, worst_error

import dllab
from dllab.recipe import RecipeError, load

SAME3 = {"kernel": 3, "padding": "same"}


def conv(units: int, **options: Any) -> dict[str, Any]:
    return {"conv": {"units": units, **options}}


PROJECTIONS: list[tuple[list[int], list[Any], str, tuple[int, ...], tuple[int, ...]]] = [
    ([4], [{"dense": 3}], "dense", (4, 3), (1,)),
    ([7, 6, 2], [conv(3, **SAME3)], "conv", (1, 1, 2, 3), (1, 1)),
    ([7, 6, 2], [conv(3, **SAME3, stride=2)], "conv", (1, 1, 2, 3), (2, 2)),
    ([7, 6, 2], [conv(3, **SAME3, stride=(3, 1))], "conv", (1, 1, 2, 3), (3, 1)),
    ([8, 8, 3], ["max_pool", "max_pool"], "conv", (1, 1, 3, 3), (4, 4)),
    ([9, 2], [{"conv1d": {"units": 5, "stride": 2, "padding": "same"}}], "conv1d", (1, 2, 5), (2,)),
    ([5, 4, 2], [{"global_avg_pool": {}}, {"reshape": [1, 1, 2]}, conv(3, kernel=1)], "conv", (1, 1, 2, 3), (5, 4)),
]


@pytest.mark.parametrize(("inputs", "layers", "kind", "shape", "strides"), PROJECTIONS, ids=lambda value: str(value)[:30])
def test_a_projection(
    inputs: list[int], layers: list[Any], kind: str, shape: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    """Y = f(x) + every stride-th place of x times w."""
    network = net([{"residual": {"layers": layers, "shortcut": "projection"}}], inputs)
    label = f"0_residual.shortcut.0_{kind}.w"
    w = network.parameters[label]
    assert w.shape == shape and not [name for name in network.parameters if name.endswith(f"shortcut.0_{kind}.b")]
    x = ramp((3, *inputs))
    y = network.forward(x)
    places = (slice(None), *(slice(None, None, s) for s in strides)) if len(inputs) > 1 else (slice(None),)
    s = x[places] @ w.reshape(w.shape[-2:])
    w[...] = 0
    np.testing.assert_allclose(y, network.forward(x) + s, rtol=1e-12, atol=1e-12)


def test_a_block_that_keeps_its_shape_needs_no_projection() -> None:
    network = net([{"residual": {"layers": [conv(2, **SAME3)], "shortcut": "projection"}}], [4, 4, 2])
    assert list(network.parameters) == ["0_residual.0_conv.w", "0_residual.0_conv.b"]


def test_the_word_is_part_of_the_recipe() -> None:
    recipe = load(
        {"input": [4], "model": [{"residual": {"layers": [{"dense": 3}], "shortcut": "projection"}}], "loss": "mse"}
    )
    assert load(recipe.resolved()) == recipe and "shortcut: projection" in str(recipe.resolved()).replace("'", "")


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize(
    "block",
    [
        {"residual": {"layers": [conv(3, **SAME3, stride=2), "tanh", conv(3, **SAME3)], "shortcut": "projection"}},
        {"residual": {"layers": [conv(2, **SAME3, bias=False), {"batch_norm": {"gain": 0}}]}},
        {"branches": [[conv(2, kernel=1)], [conv(1, **SAME3), "tanh"], [{"depthwise_conv": {"padding": "same"}}]]},
        {"branches": {"paths": [["max_pool", conv(2, kernel=1)], [conv(2, **SAME3, stride=2)]], "join": "add"}},
    ],
    ids=["projection", "zero gain", "inception", "add"],
)
def test_gradients(block: Any, shards: int) -> None:
    model = [conv(2, **SAME3), "tanh", block, "tanh", "global_avg_pool", {"dense": 2}]
    assert worst_error(net(model, [4, 6, 1], shards=shards)) < 1e-7


def test_channels_side_by_side() -> None:
    network = net([{"branches": [[conv(2, kernel=1)], ["identity"], [conv(3, **SAME3)]]}], [4, 3, 2])
    x = ramp((2, 4, 3, 2))
    y = network.forward(x)
    assert y.shape == (2, 4, 3, 2 + 2 + 3)
    w, b = (network.parameters[f"0_branches.0.0_conv.{name}"] for name in "wb")
    np.testing.assert_allclose(y[..., :2], x @ w[0, 0] + b, rtol=1e-12)
    np.testing.assert_array_equal(y[..., 2:4], x)


@pytest.mark.parametrize(
    "last", [[conv(2, **SAME3, init="zeros")], [conv(2, **SAME3, bias=False), {"batch_norm": {"gain": 0}}], [{"dense": {
        "units": 2, "init": "zeros"}}]], ids=["conv", "batch norm", "dense"]
)  # fmt: skip
def test_a_block_whose_last_layer_is_zero_begins_as_the_identity_and_learns(last: list[Any]) -> None:
    recipe = {"input": [4, 4, 2], "model": [{"residual": [conv(2, **SAME3), "relu", *last]}], "loss": "mse"}
    network = dllab.build(recipe, dtype="float64")
    x = ramp((6, 4, 4, 2))
    for training in (False, True):
        np.testing.assert_array_equal(network.forward(x, training), x)
    gradients = network.loss_and_gradients(x, ramp(x.shape, 1))[1]
    assert any(np.abs(gradient).max() > 1e-4 for gradient in gradients.values())


@pytest.mark.parametrize(
    ("inputs", "block", "words"),
    [
        ([6, 6, 2], {"residual": [conv(3, **SAME3)]}, "input of (B, 6, 6, 2); give the block `shortcut: projection`"),
        ([6, 6, 2], {"residual": [conv(2)]}, "input of (B, 6, 6, 2); padding: same in the layers inside keeps sizes"),
        ([6, 6, 2], {"residual": ["flatten", {"dense": 2}]}, "or give the block a shortcut: of layers of its own"),
        ([6, 6, 2], {"residual": {"layers": [conv(3)], "shortcut": "projection"}},
         "the inner layers make (B, 4, 4, 3) of (B, 6, 6, 2), and no stride of a projection does; padding: same in"),
        ([6, 6, 2], {"residual": {"layers": ["flatten"], "shortcut": "projection"}}, "no stride of a projection does"),
        ([6, 6, 2], {"branches": [[conv(3)], ["identity"]]},
         "they end in (B, 4, 4, 3), (B, 6, 6, 2); padding: same keeps height and width"),
        ([6], {"residual": {"layers": [{"dense": 3}], "shortcut": "projektion"}},
         "expected a list of layers, or projection. Did you mean 'projection'?"),
        ([6], {"residual": {"layers": [{"dense": 3}], "shortcut": 3}}, "3 where a list of layers belongs"),
    ],
)  # fmt: skip
def test_what_does_not_fit(inputs: list[int], block: Any, words: str) -> None:
    with pytest.raises(RecipeError) as error:
        dllab.build({"input": inputs, "model": [block], "loss": "mse"})
    assert words in " ".join(str(error.value).split())
