"""A recipe with comments says the same as the recipe, and its comments tell every key and option."""

from __future__ import annotations

import re
from typing import Any

import pytest
from conftest import MOONS, SPIRALS
from hypothesis import given, settings
from test_recipe_dump import RECIPES

from dllab.recipe import Recipe, load
from dllab.recipe.assemble import KEYS
from dllab.recipe.commented import commented
from dllab.recipe.keys import MEANINGS


def uncommented(text: str) -> str:
    """Every commented option set: `#seed: 0` as `seed: 0`."""
    return re.sub(r"^( *(?:- )?)#(?=\S)", r"\1", text, flags=re.MULTILINE)


def check(recipe: Recipe) -> str:
    text = commented(recipe)
    assert load(text) == recipe
    assert load(uncommented(text)) == recipe
    return text


def test_all_keys_are_explained() -> None:
    assert tuple(MEANINGS) == KEYS


@pytest.mark.parametrize("text", [SPIRALS, MOONS])
def test_recipes_with_everything(text: str) -> None:
    told = check(load(text))
    for key in re.findall(r"^(\w+):", text, re.MULTILINE):
        assert re.search(rf"^#?{key}:", told, re.MULTILINE)
    assert max(map(len, told.splitlines())) <= 110


@settings(max_examples=60, deadline=None)
@given(data=RECIPES)
def test_any_recipe(data: dict[str, Any]) -> None:
    check(load(data))


@pytest.mark.parametrize(
    "extra",
    [
        {"optimizer": [{"clip_norm": 2.0}, {"adam": {"lr": 0.5}}]},
        {"about": "a: b # c\nd\t'\"  \u2028 é 日本 {x}"},
        {"train": {"early_stop": {"patience": 3, "metric": "accuracy"}, "steps": 5}},
        {"train": {"early_stop": 3}},
        {"metrics": []},
        {"expect": {"train_loss": 1e-7}},
    ],
    ids=str,
)
def test_what_recipes_may_hold(extra: dict[str, Any]) -> None:
    check(load({"data": "spirals", "model": ["tanh"], **extra}))
