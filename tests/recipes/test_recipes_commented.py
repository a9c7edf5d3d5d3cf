"""Every shipped recipe can be written with comments, and the JSON Schema for editors accepts both."""

from __future__ import annotations

import re

import pytest

from dllab.recipe import load, shipped
from dllab.recipe.commented import commented


@pytest.mark.parametrize("name", shipped())
def test_the_commented_recipe_is_the_recipe(name: str) -> None:
    recipe = load(name)
    text = commented(recipe)
    assert load(text) == recipe
    assert load(re.sub(r"^( *(?:- )?)#(?=\S)", r"\1", text, flags=re.MULTILINE)) == recipe
    assert max(map(len, text.splitlines())) <= 124


def test_comments_tell_meaning_range_and_alternatives() -> None:
    text = commented(load("spirals"))
    said = " ".join(text.replace("#", " ").split())
    assert "how far an arm winds, in full turns. More turns need a wider or deeper net (a number from 0 to 20)" in said
    assert (
        "There are: constant, cosine, exponential, one_cycle, plateau, step (`dllab schedules NAME` explains one)" in said
    )
    assert "\n  #stratify: true\n" in text and "\n  #validation: 0.0\n" in text
    assert text.count("# dense:") == 1, "a kind of layer is explained where it stands first"
