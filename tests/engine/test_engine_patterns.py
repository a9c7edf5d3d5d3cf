"""Patterns of layers: what they mean, and what becomes of them in a plan."""

from __future__ import annotations

from typing import Any

import pytest

from dllab.engine.patterns import Names, listed
from dllab.engine.prepare import plan_of, prepared
from dllab.engine.question import question_of
from dllab.plan.plan import Plan
from dllab.recipe import RecipeError, load

MODEL: list[Any] = [
    {"dense": {"units": 8, "name": "block1"}},
    "batch_norm",
    "tanh",
    {"residual": [{"dense": {"units": 8, "name": "inner"}}, "tanh", {"dense": 8}]},
    {"dense": "classes"},
]
HEAD = ("4_dense.w", "4_dense.b")


def plan(**keys: Any) -> Plan:
    recipe = load({"data": "moons", "model": MODEL, **keys})
    return plan_of(recipe, question_of(recipe, prepared(recipe)))


def frozen(*patterns: str) -> set[str]:
    """Frozen parameters, by label."""
    return {label for label, parameter in plan(freeze=list(patterns)).store.parameters.items() if parameter.frozen}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("block1", {"block1.w", "block1.b"}),
        ("block*", {"block1.w", "block1.b"}),
        ("block1.w", {"block1.w"}),
        ("inner", {"3_residual.inner.w", "3_residual.inner.b"}),
        ("inner.b", {"3_residual.inner.b"}),
        ("3_residual.2_dense", {"3_residual.2_dense.w", "3_residual.2_dense.b"}),
        ("3_*", {f"3_residual.{name}" for name in ("inner.w", "inner.b", "2_dense.w", "2_dense.b")}),
        ("*.b", {"block1.b", "3_residual.inner.b", "3_residual.2_dense.b", "4_dense.b"}),
        ("[1-2]_*", {"1_batch_norm.gain", "1_batch_norm.bias"}),
    ],
)
def test_what_a_pattern_means(pattern: str, expected: set[str]) -> None:
    assert frozen(pattern) == expected
    assert len(frozen(pattern, "4_dense.w")) == len(expected | {"4_dense.w"})


@pytest.mark.parametrize("pattern", ["w", "b", "2_dense", "residual", "BLOCK1", "block", "0_dense"])
def test_what_fits_nothing(pattern: str) -> None:
    with pytest.raises(RecipeError, match="fits no layer"):
        plan(freeze=pattern)


def test_a_layer_all_of_whose_parameters_are_frozen_keeps_its_statistics() -> None:
    for patterns in (["1_batch_norm"], ["1_batch_norm.*"], ["*.gain", "*norm.bias"], ["1_*.gain", "1_*.bias"]):
        assert "1_batch_norm" in plan(freeze=patterns).question.frozen
        assert not plan(freeze=patterns).program("train").rows[-1].layer.startswith("1_batch_norm")
    for patterns in (["1_batch_norm.gain"], ["block1"]):
        assert "1_batch_norm" not in plan(freeze=patterns).question.frozen


def test_the_last_factor_that_fits_counts() -> None:
    found = plan(lr_factors={"*": 0.5, "block*": 0.1, "*.b": 2, "inner": 0})
    factors = {label: parameter.rate_factor for label, parameter in found.store.parameters.items()}
    assert factors["block1.w"] == 0.1 and factors["block1.b"] == 2.0
    assert factors["3_residual.inner.w"] == factors["3_residual.inner.b"] == 0.0
    assert factors["4_dense.w"] == 0.5 and factors["1_batch_norm.gain"] == 0.5


def test_nothing_below_the_lowest_layer_that_learns_is_computed_backwards() -> None:
    program = plan(freeze=["block1", "1_*", "3_*"]).program("train")
    backward = {row.layer for row in program.rows[program.backward : program.probe] if row.kernel is not None}
    assert {layer for layer in backward if layer[0].isdigit() or layer == "block1"} == {"4_dense"}
    free = plan().program("train")
    assert "block1" in {row.layer for row in free.rows[free.backward : free.probe] if row.kernel is not None}
    assert len(program.rows) < len(free.rows)


def test_frozen_layers_in_the_middle_hand_the_gradient_on() -> None:
    program = plan(freeze=["3_*", "4_dense"]).program("train")
    rows = [row for row in program.rows[program.backward : program.probe] if row.kernel is not None]
    assert "block1" in {row.layer for row in rows}
    written = {name for row in rows if row.layer == "3_residual.inner" for name in row.operands}
    assert "dx" in written and "dw" not in written


def test_names_tell_layers_that_hold_nothing_apart() -> None:
    names = Names.of(plan())
    assert names.layers == ("block1", "1_batch_norm", "3_residual", "3_residual.inner", "3_residual.2_dense", "4_dense")
    assert "2_tanh" in names.others
    assert names.running == ("1_batch_norm.mean", "1_batch_norm.variance")


def test_long_lists_are_cut() -> None:
    assert listed(["a", "b", "c"], 3) == "a, b, c"
    assert listed(["a", "b", "c", "d"], 3) == "a, b and 2 more"
