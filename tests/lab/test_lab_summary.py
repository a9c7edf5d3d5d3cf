"""What `dllab summary` counts, against counts by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dllab
from dllab.lab.summary import Summary, summarize
from dllab.places import folder
from dllab.recipe import RecipeError, load

RECIPES = sorted(path.stem for path in folder("recipes").glob("*.yaml"))
BY_HAND = {
    "xor": (2 * 8 + 8) + (8 * 1 + 1),
    "perceptron": 2 * 1 + 1,
    "blobs": 2 * 3 + 3,
    "moons": (2 * 16 + 16) + (16 * 16 + 16) + (16 * 2 + 2),
    "spirals": (2 * 32 + 32) + (32 * 32 + 32) + (32 * 3 + 3),
    "function": (1 * 16 + 16) + (16 * 1 + 1),
    "iris": (4 * 16 + 16) + (16 * 3 + 3),
    "digits": 64 * 128 + 2 * 128 + (128 * 10 + 10),
    "mnist10k": 784 * 256 + 2 * 256 + 256 * 128 + 2 * 128 + (128 * 10 + 10),
    "lenet": (5 * 5 * 6 + 6) + (5 * 5 * 6 * 16 + 16) + (400 * 120 + 120) + (120 * 84 + 84) + (84 * 10 + 10),
    "mnist1d": (40 * 128 + 128) + 2 * (2 * 128 + 2 * (128 * 128 + 128)) + (128 * 10 + 10),
}


def summary(model: list[Any], **more: Any) -> Summary:
    return summarize(load({"input": [4], "model": model, **more}))


@pytest.mark.parametrize(("name", "parameters"), BY_HAND.items())
def test_parameters_by_hand(name: str, parameters: int) -> None:
    assert summarize(load(name)).parameters == parameters


@pytest.mark.parametrize("name", RECIPES)
def test_the_layers_add_up_to_the_net(name: str) -> None:
    found = summarize(load(name))
    assert sum(layer.parameters for layer in found.layers) == found.parameters
    assert sum(layer.multiply_adds for layer in found.layers) == found.multiply_adds
    assert found.parameters == sum(array.size for array in dllab.build(name).parameters.values())


def test_shapes_and_multiply_adds_of_a_dense_net() -> None:
    found = summary([{"dense": 8}, "relu", {"dense": {"units": 3, "bias": False}}, "softmax"], loss="cross_entropy")
    assert [(layer.name, layer.kind, layer.output_shape) for layer in found.layers] == [
        ("0_dense", "dense", (8,)),
        ("1_relu", "relu", (8,)),
        ("2_dense", "dense", (3,)),
        ("3_softmax", "softmax", (3,)),
    ]
    assert [layer.parameters for layer in found.layers] == [4 * 8 + 8, 0, 8 * 3, 0]
    assert [layer.multiply_adds for layer in found.layers] == [4 * 8, 0, 8 * 3, 0]


def test_inner_layers_know_their_block() -> None:
    inner = [{"dense": {"units": 4, "name": "bend"}}, "tanh"]
    found = summary([{"residual": inner}, {"dense": 1}], loss="mse")
    assert [(layer.depth, layer.name, layer.short) for layer in found.layers] == [
        (0, "0_residual", "0_residual"),
        (1, "0_residual.bend", "bend"),
        (1, "0_residual.1_tanh", "1_tanh"),
        (0, "1_dense", "1_dense"),
    ]
    assert [layer.parameters for layer in found.layers] == [0, 20, 0, 5], "a block counts nothing of its inner layers"


def test_blocks_in_blocks() -> None:
    block = {"repeat": {"times": 2, "layers": [{"residual": [{"dense": 4}]}]}}
    found = summary([block, {"dense": 1}], loss="mse")
    assert [layer.depth for layer in found.layers] == [0, 1, 2, 1, 2, 0]
    assert found.parameters == 2 * 20 + 5
    assert len({layer.name for layer in found.layers}) == len(found.layers)


def test_several_axes() -> None:
    found = summarize(load({"input": [5, 4], "model": [{"dense": 3}], "loss": "mse"}))
    assert found.layers[0].output_shape == (5, 3)
    assert found.layers[0].multiply_adds == 5 * 4 * 3


def attention_to(name: str, **options: Any) -> dict[str, int]:
    """Multiply-adds by layer where 4 steps of 6 features look at 5 steps of 3."""
    front = [{"dense": {"units": 24, "name": "wide"}}, {"dense": {"units": 15, "from": "input"}}]
    shaped = [{"reshape": {"shape": [5, 3], "name": "m"}}, {"reshape": {"shape": [4, 6], "from": "wide"}}]
    looking = {name: {"memory": "m", "units": 8, **options}}
    return {layer.short: layer.multiply_adds for layer in summary([*front, *shaped, looking], loss="mse").layers}


def test_attention_counts_its_memory_as_long_and_wide_as_it_is() -> None:
    by_hand = 2 * 4 * 6 * 8 + 2 * 5 * 3 * 8 + 2 * 4 * 5 * 8  # wq and wo, wk and wv, scores and sums
    assert attention_to("attention")["4_attention"] == by_hand
    assert attention_to("attention", kind="additive")["4_attention"] == by_hand
    block = attention_to("transformer_block")
    assert block["cross"] == by_hand
    assert block["attention"] == 4 * 4 * 6 * 8 + 2 * 4 * 4 * 8


def test_attention_in_recipes_by_hand() -> None:
    by_hand = {"dates": 2 * 11 * 2304 + 2 * 30 * 2304 + 2 * 11 * 30 * 48,
               "reversal": 2 * 21 * 2304 + 2 * 20 * 2304 + 2 * 21 * 20 * 48}  # fmt: skip
    for name, count in by_hand.items():
        assert [layer.multiply_adds for layer in summarize(load(name)).layers if layer.kind == "attention"] == [count]


@pytest.mark.parametrize(("optimizer", "copies"), [("sgd", 0), ("momentum", 1), ("adam", 2), ("adamw", 2)])
def test_memory_of_the_optimizer(optimizer: str, copies: int) -> None:
    memory = summary([{"dense": 8}, {"dense": 1}], loss="mse", optimizer=optimizer).memory
    assert memory.parameters == memory.gradients == 4 * (4 * 8 + 8 + 8 + 1)
    assert memory.optimizer_state == copies * memory.parameters


def test_memory_grows_with_the_batch_and_the_precision() -> None:
    def memory(**train: Any) -> Any:
        return summary([{"dense": 8}, {"dense": 1}], loss="mse", train=train).memory

    small, large, fine = memory(batch=8), memory(batch=16), memory(batch=8, dtype="float64")
    assert (small.batch, large.batch) == (8, 16)
    per_row = 4 * (4 + 8 + 1 + 1) + 4 * (8 + 1)  # x, both outputs and the target; the gradients of both outputs
    assert large.activations - small.activations >= 8 * per_row
    assert fine.parameters == 2 * small.parameters and fine.optimizer_state == 2 * small.optimizer_state
    assert small.total == small.parameters + small.gradients + small.optimizer_state + small.activations


def test_a_step_shared_out_needs_gradients_twice() -> None:
    model = [{"dense": 256}, "relu", {"dense": 128}, {"dense": 10}]
    memory = summarize(load({"input": [784], "model": model, "loss": "mse", "train": {"batch": 64}})).memory
    assert (memory.shards, memory.batch) == (2, 64)
    assert memory.gradients == 2 * memory.parameters
    per_row = 4 * (784 + 256 + 256 + 128 + 10 + 10)  # what even one core alone would hold
    assert memory.activations >= 64 * per_row


def test_shapes_that_do_not_fit_are_a_recipe_error() -> None:
    with pytest.raises(RecipeError, match=r"0_residual"):
        summary([{"residual": [{"dense": 3}]}], loss="mse")


def test_needs_no_compiler() -> None:
    code = "import sys\nfrom dllab.lab.summary import summarize\nfrom dllab.recipe import load\nsummarize(load('mnist10k'))"
    code += "\nsys.exit(bool({'numba', 'scipy'} & set(sys.modules)))"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
