"""The JSON Schema takes what the parser takes, and knows every part and option."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from conftest import MOONS, SPIRALS
from hypothesis import given, settings
from test_recipe_dump import RECIPES

from dllab.catalogue import FAMILIES, parts
from dllab.recipe import load, parse, schema

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


def fits(data: Any, rule: dict[str, Any], top: dict[str, Any]) -> bool:
    """JSON Schema validation, as much of it as the schema of recipes uses."""
    if "$ref" in rule:
        return fits(data, top["$defs"][rule["$ref"].removeprefix("#/$defs/")], top)
    return all(_keeps(data, key, said, rule, top) for key, said in rule.items())


def _keeps(data: Any, key: str, said: Any, rule: dict[str, Any], top: dict[str, Any]) -> bool:
    mapping, listed = isinstance(data, dict), isinstance(data, list)
    number = isinstance(data, int | float) and not isinstance(data, bool)
    match key:
        case "type":
            names = said if isinstance(said, list) else [said]
            return any(isinstance(data, TYPES[n]) and (n == "boolean" or not isinstance(data, bool)) for n in names)
        case "anyOf":
            return any(fits(data, part, top) for part in said)
        case "enum":
            return data in said
        case "const":
            return bool(data == said)
        case "properties":
            return not mapping or all(fits(data[name], part, top) for name, part in said.items() if name in data)
        case "patternProperties":
            pairs = data.items() if mapping else ()
            return all(fits(v, part, top) for k, v in pairs for p, part in said.items() if re.search(p, k))
        case "additionalProperties":
            known = [*rule.get("properties", {})]
            patterns = rule.get("patternProperties", {})
            return not mapping or all(k in known or any(re.search(p, k) for p in patterns) for k in data)
        case "required":
            return not mapping or all(name in data for name in said)
        case "items":
            return not listed or all(fits(item, said, top) for item in data[len(rule.get("prefixItems", [])) :])
        case "prefixItems":
            return not listed or all(fits(item, part, top) for item, part in zip(data, said))
        case "minItems" | "minProperties":
            return not isinstance(data, list | dict) or len(data) >= said
        case "maxItems" | "maxProperties":
            return not isinstance(data, list | dict) or len(data) <= said
        case "minimum":
            return not number or data >= said
        case "maximum":
            return not number or data <= said
        case "exclusiveMinimum":
            return not number or data > said
        case "exclusiveMaximum":
            return not number or data < said
        case "pattern":
            return not isinstance(data, str) or re.search(said, data) is not None
    assert key in {"$schema", "$defs", "title", "description", "default"}, f"the validator does not know {key}"
    return True


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
