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


def test_steps_in_one_call_have_the_bits_of_steps_one_by_one() -> None:
    """With what depends on the step (Adam) and on the batch (batch norm), and wherever a call begins."""
    recipe = {"input": [3], "model": [{"dense": 4}, "batch_norm", {"dense": 2}], "loss": "mse"}
    rng = np.random.default_rng(0)
    x, y, rows = rng.normal(size=(9, 3)), rng.normal(size=(9, 2)), rng.integers(0, 9, (7, 4))
    many, alone = dllab.build(recipe, ["optimizer={adam: 0.1}"]), dllab.build(recipe, ["optimizer={adam: 0.1}"])
    stepping = many.stepping(x, y, 4, 3)
    for first, last in ((0, 3), (3, 5), (5, 5), (5, 7)):
        stepping.run(rows[first:last])
    for some in rows:
        alone.step(x[some], y[some])
    assert many.updates == alone.updates == 7
    for name in ("parameters", "optimizer", "running"):
        np.testing.assert_array_equal(many.memory.arrays[name], alone.memory.arrays[name])


def test_steps_on_rows_that_are_not_there_are_refused() -> None:
    stepping = dllab.build({"input": [3], "model": [{"dense": 2}], "loss": "mse"}).stepping(
        np.ones((5, 3)), np.ones((5, 2)), 2, 4
    )
    for rows, said in (
        (np.full((1, 2), 5), "rows run from 5 to 5; there are 5"),
        (np.full((1, 2), -1), "rows run from -1"),
        (np.zeros((5, 2), np.int64), r"shape \(5, 2\); expected up to 4 batches of 2"),
        (np.zeros((1, 3), np.int64), r"shape \(1, 3\)"),
    ):
        with pytest.raises(ValueError, match=said):
            stepping.run(rows)
