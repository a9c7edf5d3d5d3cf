"""The JSON Schema of real recipes: it takes the shipped ones, refuses broken ones, and describes every key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from json_rules import fits
from ruamel.yaml import YAML

from dllab.recipe import RecipeError, load, schema, shipped
from dllab.recipe.commented import commented

BASE = {"data": "moons", "model": [{"dense": 8}, "relu", {"dense": "classes"}]}


@pytest.fixture(scope="module")
def rules() -> dict[str, Any]:
    return schema()


def read(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize("name", shipped())
def test_it_takes_every_shipped_recipe_as_written_commented_and_resolved(rules: dict[str, Any], name: str) -> None:
    recipe = load(name)
    for text in (recipe.text, commented(recipe), recipe.to_yaml()):
        assert fits(read(text), rules, rules)


@pytest.mark.parametrize(
    "change",
    [
        {"data": "moon"}, {"data": {"name": "moons", "noise": -1}}, {"data": {"moons": {"nois": 1}}}, {"data": 3},
        {"model": "dense"}, {"model": ["dens"]}, {"model": [{"dense": {"units": "many"}}]},
        {"model": [{"dense": 1, "tanh": 2}]},
        {"model": [{"dropout": 1.0}]}, {"model": [{"residual": []}]}, {"model": [{"branches": [["relu"], ["rel"]]}]},
        {"model": [{"dense": {"units": 3, "init": "hee"}}]}, {"loss": "crossentropy"}, {"loss": {"huber": 0}},
        {"optimizer": {"name": "adam", "beta1": 1.0}}, {"optimizer": [{"clip_norm": "x"}, "adam"]},
        {"schedule": {"step": 0}},
        {"metrics": "accuracy"}, {"metrics": ["acuracy"]}, {"train": {"epochs": 1.5}}, {"train": {"epoch": 5}},
        {"train": {"dtype": "float16"}}, {"train": {"early_stop": {"patience": 3, "mode": 1}}}, {"train": 5},
        {"init_from": 3}, {"init_from": {"layers": ["a"]}}, {"init_from": {"from": "a", "weights": "first"}},
        {"freeze": [1]}, {"freeze": {"a": 1}}, {"lr_factors": {"a": -1}}, {"lr_factors": ["a"]},
        {"expect": {"test-accuracy": 1}}, {"expect": {"test_accuracy": "high"}}, {"trian": {}}, {"input": [0]},
    ],
    ids=str,
)  # fmt: skip
def test_it_refuses_what_the_parser_refuses(rules: dict[str, Any], change: dict[str, Any]) -> None:
    assert fits(BASE, rules, rules)
    broken = {**BASE, **change}
    with pytest.raises(RecipeError):
        load(broken)
    assert not fits(broken, rules, rules)


@pytest.mark.parametrize(
    "change",
    [
        {"init_from": "a"}, {"init_from": {"from": "a", "layers": "b*", "weights": "best"}}, {"init_from": None},
        {"freeze": "a"}, {"freeze": ["a", "*.b"]}, {"lr_factors": {"a": 0, "*.b": 2.5}},
    ],
    ids=str,
)  # fmt: skip
def test_it_takes_what_the_parser_takes(rules: dict[str, Any], change: dict[str, Any]) -> None:
    recipe = load({**BASE, **change})
    assert fits({**BASE, **change}, rules, rules)
    assert load(read(recipe.to_yaml())) == recipe == load(commented(recipe))


def undescribed(rule: Any, path: str = "") -> Iterator[str]:
    """The properties without a description."""
    if isinstance(rule, dict):
        for name, inner in rule.get("properties", {}).items() if isinstance(rule.get("properties"), dict) else ():
            if not (isinstance(inner, dict) and str(inner.get("description", "")).strip()):
                yield f"{path}.{name}"
        for key, inner in rule.items():
            yield from undescribed(inner, f"{path}/{key}")
    elif isinstance(rule, list):
        for inner in rule:
            yield from undescribed(inner, path)


def test_every_property_is_described(rules: dict[str, Any]) -> None:
    assert list(undescribed(rules)) == []
