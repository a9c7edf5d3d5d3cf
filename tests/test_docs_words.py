"""docs/words.md is true: its commands run, and its figures are those that the recipes state and their tests measure."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from marks import compiled_only
from page_runner import ROOT, play

from dllab.engine.prepare import prepared
from dllab.recipe import load

PAGE = ROOT / "docs" / "words.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([\w-]+)` \| .* \| ([\d,]+) \| ([\d. to]*) ?\| ([\d.]+ to [\d.]+ %) \|$", TEXT, re.MULTILINE)


@compiled_only
@pytest.mark.skipif(shutil.which("bash") is None, reason="the commands are written for a POSIX shell")
def test_the_commands_show_what_the_page_says(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    assert play(PAGE, here) == 3


def test_the_table_is_read() -> None:
    assert [row[0] for row in ROWS] == ["word2vec", "word2vec-cbow", "glove"]


@pytest.mark.parametrize(("name", "rows", "loss", "agreement"), ROWS)
def test_the_table_says_what_the_recipes_say(name: str, rows: str, loss: str, agreement: str) -> None:
    recipe = load(name)
    assert agreement in re.sub(r"\n# ", " ", recipe.text)
    data = prepared(recipe)
    assert data is not None and len(data.splits.train) == int(rows.replace(",", ""))
    losses = [float(figure) for figure in loss.split(" to ") if figure.strip()]
    assert all(recipe.expect["test_loss"] - 0.1 < figure < recipe.expect["test_loss"] for figure in losses)
    assert bool(losses) == ("test_loss" in recipe.expect)


def test_numbers_on_circles_as_the_recipe_says() -> None:
    text = re.sub(r"\n# ", " ", load("modular-addition").text)
    for share in re.findall(r"^\| [\w, ]+ \| ([\d to]+ %) \|$", TEXT, re.MULTILINE):
        assert share in text
