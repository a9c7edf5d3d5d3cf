"""Networks that one holds: what `initialise` forgets."""

from __future__ import annotations

import numpy as np
import pytest

import dllab
from dllab.recipe import RecipeError, load


def test_to_initialise_is_to_begin_anew() -> None:
    """Parameters, the optimizer's state and running statistics are those of a net that has not been trained."""
    recipe = {"input": [3], "model": [{"dense": 4}, "batch_norm", {"dense": 2}], "loss": "mse"}
    fresh, used = dllab.build(recipe, seed=3), dllab.build(recipe, seed=1)
    x, y = np.random.default_rng(0).normal(size=(8, 3)), np.ones((8, 2))
    used.step(x, y)
    used.updates = 0
    used.initialise(3)
    for name in ("parameters", "optimizer", "running"):
        np.testing.assert_array_equal(used.memory.arrays[name], fresh.memory.arrays[name])
    assert used.step(x, y) == fresh.step(x, y)


def test_overrides_change_a_recipe_that_is_loaded() -> None:
    recipe = load({"input": [3], "model": [{"dense": 4}, "tanh", {"dense": 2}], "loss": "mse"})
    net = dllab.build(recipe, ["model[0].dense.units=5"])
    assert {name: values.shape for name, values in net.parameters.items()} == {
        "0_dense.w": (3, 5), "0_dense.b": (5,), "2_dense.w": (5, 2), "2_dense.b": (2,)
    }  # fmt: skip
    assert net.recipe is not None and net.recipe.name == recipe.name
    with pytest.raises(RecipeError, match="override model"):
        dllab.build(recipe, ["model=3"])
