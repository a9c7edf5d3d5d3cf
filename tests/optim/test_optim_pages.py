"""The pages of optimizers, schedules and initializers: what they say is there, and their examples are recipes."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from dllab import catalogue
from dllab.catalogue import Part
from dllab.recipe import load
from dllab.recipe.errors import Problems
from dllab.recipe.nodes import plain
from dllab.recipe.yaml_nodes import file_places, read

FAMILIES = ("optimizers", "schedules", "initializers")
KEYS = {"optimizers": "optimizer", "schedules": "schedule"}
PARTS = [
    *((family, part) for family in FAMILIES for part in catalogue.parts(family).values()),
    ("layers", catalogue.find("layers", "point")),
    ("losses", catalogue.find("losses", "surface")),
]
pages = pytest.mark.parametrize(("family", "part"), PARTS, ids=[part.__name__ for _, part in PARTS])


def page(part: type[Part]) -> str:
    return inspect.getdoc(part) or ""


def examples(part: type[Part]) -> list[str]:
    """The indented block, whole if its keys differ, else each line for itself."""
    lines = [line.removeprefix("    ") for line in page(part).splitlines() if line.startswith("    ")]
    keys = [line.split(":")[0] for line in lines]
    whole = len(set(keys)) == len(keys) and keys[0] in ("input", "model")
    return ["\n".join(lines)] if whole else lines


@pages
def test_the_page_has_a_title_line_an_example_its_options_and_a_source(family: str, part: type[Part]) -> None:
    text = page(part)
    first, second = text.splitlines()[:2]
    assert first.endswith(".") and not second
    assert len(text.split("\n\n")) >= 3 and examples(part)
    assert re.search(r"\nSource: .*\(\d{4}\)", text, re.DOTALL)
    assert all(len(line) <= 120 for line in text.splitlines())
    assert part.main is None or part.main in part.model_fields


@pages
def test_examples_are_recipes_of_the_part_they_explain(family: str, part: type[Part]) -> None:
    for text in examples(part):
        recipe: dict[str, Any] = {"input": [2], "model": [{"dense": 3}], "loss": "mse"}
        if text.startswith("- "):
            recipe["model"] = _parsed(text)
        else:
            recipe |= _parsed(text)
        loaded = load(recipe)
        named = re.findall(r"[a-z_0-9]+", text)
        assert part.name in named, text
        if family in KEYS and KEYS[family] in recipe:
            found = getattr(loaded, KEYS[family])
            assert part in [type(p) for p in (found if isinstance(found, tuple) else (found,))], text


def _parsed(text: str) -> Any:
    problems = Problems()
    node = read(text, file_places("example", text), problems)
    problems.raise_if_any()
    assert node is not None
    return plain(node)


def test_every_part_lies_in_the_file_of_its_name() -> None:
    for family in FAMILIES:
        for name, part in catalogue.parts(family).items():
            assert part.__module__.rsplit(".", 1)[-1] == name
