"""docs/sequences.md is true: its commands run, its recipes exist and state what it says, its net is one that is shipped."""

from __future__ import annotations

import re
from pathlib import Path

from marks import compiled_only
from page_runner import ROOT, play

from dllab.places import folder
from dllab.recipe import load

PAGE = ROOT / "docs" / "sequences.md"
TEXT = PAGE.read_text(encoding="utf-8")
CHARACTERS = re.findall(r"^\| `(names-\w+)` \| [^|]+ \| ([\d.]+) \|$", TEXT, re.MULTILINE)
RECIPES = re.findall(r"^\| `([\w-]+)` \|", TEXT, re.MULTILINE)


@compiled_only
def test_its_commands_run(tmp_path: Path) -> None:
    assert play(PAGE, tmp_path) >= 2


def test_its_recipes_are_shipped() -> None:
    assert len(RECIPES) >= 18
    for name in RECIPES:
        load(name)


def test_bits_of_names_are_below_what_the_recipes_must_reach() -> None:
    assert [name for name, _ in CHARACTERS] == ["names-bigram", "names-rnn", "names-lstm", "names-gru", "names-gpt"]
    for name, bits in CHARACTERS:
        stated = load(name).expect["test_bits_per_character"]
        assert float(bits) <= stated <= float(bits) + 0.15, name
    bigram = float(dict(CHARACTERS)["names-bigram"])
    assert all(load(name).expect["test_bits_per_character"] < bigram - 0.4 for name, _ in CHARACTERS[1:])


def test_the_net_that_answers_is_that_of_cmudict() -> None:
    shown = TEXT.split("```yaml\n")[1].split("```")[0]
    written = (folder("recipes") / "cmudict.yaml").read_text(encoding="utf-8")
    layers = [line.strip() for line in shown.splitlines() if line.strip().startswith("- ")]
    assert layers == [line.strip() for line in written.splitlines() if line.strip().startswith("- ")]
