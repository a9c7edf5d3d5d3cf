"""The pages of losses and metrics: each has a first line, an example that is a recipe, its options, a source."""

from __future__ import annotations

import inspect
import textwrap

import pytest
from ruamel.yaml import YAML

from dllab.catalogue import parts, summary
from dllab.recipe import load

FAMILIES = {"losses": "loss", "metrics": "metrics"}
PARTS = [(family, name) for family in FAMILIES for name in parts(family)]


def examples(page):
    """The lines of the page that are indented by four, as YAML documents: one for each line that repeats a key."""
    documents, keys = [[]], set()
    for line in page.splitlines():
        if not line.startswith("    "):
            continue
        key = line.strip().partition(":")[0]
        if key in keys:
            documents.append([])
            keys = set()
        keys.add(key)
        documents[-1].append(line)
    return [YAML(typ="safe").load(textwrap.dedent("\n".join(lines))) for lines in documents if lines]


@pytest.mark.parametrize(("family", "name"), PARTS)
def test_page(family, name):
    part = parts(family)[name]
    page = inspect.getdoc(part)
    assert summary(part).endswith("."), "the first line is a sentence"
    assert "\nSource: " in page
    for option in part.model_fields:
        assert option in page, f"the option {option} is not explained"
    found = examples(page)
    assert found, "no example"
    for example in found:
        base = {"input": [4], "model": [{"dense": 3}]} if family == "losses" else {"data": "xor", "model": [{"dense": 2}]}
        recipe = load({**base, **example})
        key = FAMILIES[family]
        named = recipe.loss if key == "loss" else recipe.metrics
        assert name in ([named.name] if key == "loss" else [metric.name for metric in named])
