"""Texts and series of the user's own at the command line: how a recipe names them, and what is shown of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_lines import typed
from json_rules import fits

from dllab.data.series import Series
from dllab.data.text import Text
from dllab.recipe import RecipeError, load, schema

BOOK = "The cat sat on the mat.\n\nIt was a fat cat, and a flat mat.\n" * 20
MODEL: list[Any] = [{"embedding": 4}, {"dense": "classes"}]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a text and a series."""
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "my.txt").write_text(BOOK)
    (tmp_path / "my.csv").write_text("day,sold\n" + "".join(f"{i},{i * 7 % 11}\n" for i in range(90)))
    return tmp_path


FORMS: list[Any] = [
    {"text": "my.txt"}, {"text": {"file": "my.txt"}}, {"name": "text", "file": "my.txt"},
    {"text": "my.txt", "length": 16}, {"length": 16, "text": "my.txt", "lower": True},
    {"series": "my.csv", "window": 4}, {"name": "series", "file": "my.csv", "window": 4},
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_file_may_stand_beside_the_options_of_its_part(form: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    recipe = {"data": form, "model": [{"dense": "outputs"}]}
    found = load(recipe)
    assert isinstance(found.data, Text | Series) and Path(found.data.file).parent == home
    plain = form if "file" in form else next(iter(form.values()), {}) if len(form) == 1 else form
    for option, value in plain.items() if isinstance(plain, dict) else ():
        if option not in ("text", "series", "file", "name"):
            assert getattr(found.data, option) == value
    assert load(found.resolved()) == found
    rules = schema()
    assert fits(recipe, rules, rules) and fits(found.resolved(), rules, rules)


@pytest.mark.parametrize(
    "form", [{"text": "my.txt", "wrong": 1}, {"text": 3, "length": 4}, {"csv": "a", "text": "b"}], ids=str
)
def test_the_schema_refuses_what_the_parser_refuses(form: Any) -> None:
    rules, recipe = schema(), {"data": form, "model": MODEL}
    assert not fits(recipe, rules, rules)
    with pytest.raises(RecipeError):
        load(recipe)


def test_a_text_is_shown_with_a_recipe_to_begin_with(home: Path) -> None:
    done = typed(home, ["datasets", "show", "my.txt"])
    assert done.code == 0, done.err
    assert "  reads  The cat sat on the mat.\\n\\nIt was" in done.out and "origin   a file of your own\n" in done.out
    begin = done.out.split("a recipe to begin with:\n")[1].split("\n\n")[0]
    (home / "r.yaml").write_text(begin.replace("\n  ", "\n").removeprefix("  "))
    done = typed(home, ["summary", "r.yaml", "--json"])
    assert done.code == 0, done.err
    shown = json.loads(typed(home, ["datasets", "show", "my.txt", "--json"]).out)
    assert shown["name"] == "text" and shown["input_shape"] == [64] and shown["classes"][0] == "\n"


def test_a_table_in_a_text_file_is_a_table(home: Path) -> None:
    (home / "my.txt").write_text("x\ty\n" + "1\t0\n2\t1\n" * 20)
    done = typed(home, ["datasets", "show", "my.txt"])
    assert done.code == 0 and "40 rows, 2 columns" in done.out


def test_a_text_is_read_anew_when_it_has_changed(home: Path) -> None:
    (home / "r.yaml").write_text("data: {text: my.txt, length: 8}\nmodel: [{embedding: 4}, {dense: classes}]\n")
    assert "20 classes" not in typed(home, ["summary", "r.yaml"]).out
    (home / "my.txt").write_text("ab" * 400)
    assert json.loads(typed(home, ["summary", "r.yaml", "--json"]).out)["layers"][-1]["output_shape"][-1] == 2


def test_every_source_of_sequences_is_shown(home: Path) -> None:
    for name in ("names", "kjv", "word_pairs", "cmudict", "languages", "japanese_vowels", "sunspots", "co2"):
        done = typed(home, ["datasets", "show", name])
        assert done.code == 0 and "\norigin " in done.out and "\nlicence " in done.out, done.err
