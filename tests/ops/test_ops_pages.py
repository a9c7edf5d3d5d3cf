"""Every layer has a page: a line that says what it is, and an example that is a recipe's own text."""

from __future__ import annotations

import inspect
import textwrap

import pytest

from dllab import catalogue
from dllab.ops.layer import Layer
from dllab.recipe import load, parse
from dllab.recipe.parts import LayerEntry

LAYERS = catalogue.parts("layers")
every = pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)


def examples(page: str) -> list[str]:
    """The blocks of a page that are indented by four."""
    blocks: list[list[str]] = [[]]
    for line in page.splitlines():
        if line.startswith("    "):
            blocks[-1].append(line)
        elif line.strip():
            blocks.append([])
    return [textwrap.dedent("\n".join(block)) for block in blocks if block]


def recipe_of(example: str) -> str:
    """A list of layers is what stands under `model:`; anything else is a recipe as it is."""
    return "input: [4]\nmodel:\n" + textwrap.indent(example, "  ") if example.startswith("- ") else example


def kinds(value: object) -> set[str]:
    """The names of all layers in entries, and in the blocks among them."""
    if isinstance(value, LayerEntry):
        inner = (getattr(value.part, name) for name in type(value.part).model_fields)
        return {value.part.name}.union(*(kinds(v) for v in inner))
    if isinstance(value, (list, tuple)):
        return set().union(*(kinds(v) for v in value))
    return set()


@every
def test_the_page_begins_with_one_short_line(layer):
    page = inspect.getdoc(layer)
    assert layer.__doc__ is not None
    assert layer.__doc__ != Layer.__doc__, "the page is inherited"
    assert 10 < len(catalogue.summary(layer)) < 100
    assert page.splitlines()[1] == "", "one line first, then an empty one"
    assert len(page.splitlines()) > 4


@every
def test_its_example_parses_into_the_layer(layer):
    found = examples(inspect.getdoc(layer))
    assert found, "no example"
    recipes = [recipe_of(text) for text in found if text.startswith("- ") or "model:" in text]
    assert recipes, "the example is neither a list of layers nor a recipe"
    assert layer.name in set().union(*(kinds(parse(text).model) for text in recipes))


@every
def test_it_has_cases_and_each_is_valid(layer):
    assert len(layer.cases) >= 1
    for case in layer.cases:
        entry = {layer.name: case.options} if case.options else layer.name
        assert case.shape
        assert case.batch >= 1
        assert kinds(load({"input": [4], "model": [*case.before, entry]}).model) >= {layer.name}


@every
def test_the_file_is_named_as_the_layer(layer):
    assert layer.__module__ == f"dllab.ops.{layer.name}"
