"""The JSON Schema takes what the parser takes, and knows every part and option."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from conftest import MOONS, SPIRALS
from hypothesis import given, settings
from json_rules import fits
from test_recipe_dump import RECIPES

from dllab.catalogue import FAMILIES, parts
from dllab.recipe import load, parse, schema


@pytest.fixture(scope="module")
def rules() -> dict[str, Any]:
    return schema()


def test_it_is_json_and_names_every_part(rules: dict[str, Any]) -> None:
    assert json.loads(json.dumps(rules, allow_nan=False)) == rules
    for family in FAMILIES:
        for name, part in parts(family).items():
            definition = rules["$defs"][f"{family}.{name}"]
            assert {*part.model_fields} <= {*definition["properties"]}
            assert definition["description"]


def test_all_references_lead_somewhere(rules: dict[str, Any]) -> None:
    for name in re.findall(r'"#/\$defs/([^"]+)"', json.dumps(rules)):
        assert name in rules["$defs"]


@settings(max_examples=60, deadline=None)
@given(data=RECIPES)
def test_what_the_parser_takes_the_schema_takes(rules: dict[str, Any], data: dict[str, Any]) -> None:
    assert fits(data, rules, rules)
    assert fits(load(data).resolved(), rules, rules)


@pytest.mark.parametrize("text", [SPIRALS, MOONS])
def test_shipped_recipes(rules: dict[str, Any], text: str) -> None:
    assert fits(parse(text).resolved(), rules, rules)


@pytest.mark.parametrize(
    "optimizer",
    ["adam", {"name": "adam", "lr": 0.1}, {"adam": None}, {"adam": 0.1}, {"lookahead": {"sgd": 0.1}}, [{"sgd": 0.1}]],
)
def test_every_form(rules: dict[str, Any], optimizer: Any) -> None:
    data = {"input": [2], "model": ["tanh"], "optimizer": optimizer}
    load(data)
    assert fits(data, rules, rules)


@pytest.mark.parametrize(
    "wrong",
    [
        {"modle": ["tanh"]},
        {"model": []},
        {"model": ["dense"]},
        {"model": [{"dense": {"unit": 3}}]},
        {"model": [{"dense": 0}]},
        {"model": [{"dense": "clases"}]},
        {"model": [{"tanh": {"name": "Big"}}]},
        {"model": [{"name": "tanh"}]},
        {"optimizer": {"name": "adma"}},
        {"optimizer": {"adam": {"lr": "fast"}}},
        {"optimizer": []},
        {"train": {"epochs": 0}},
        {"train": {"early_stop": {"patience": 0}}},
        {"expect": {"tst_loss": 3}},
        {"input": []},
    ],
)
def test_what_it_refuses(rules: dict[str, Any], wrong: dict[str, Any]) -> None:
    assert not fits({"input": [2], "model": ["tanh"], **wrong}, rules, rules)
