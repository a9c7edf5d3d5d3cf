"""docs/experiments.md is true: the commands of its sections show what is shown, and what it lists there is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from marks import compiled_only
from page_runner import ROOT, play

from dllab.lab.surface_race import RATES, TERRAINS

PAGE = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
_, *PARTS = PAGE.split("\n## ")
SECTIONS = {title: text for title, _, text in (part.partition("\n") for part in PARTS)}
PLAYED = [title for title, text in SECTIONS.items() if "\n$ dllab " in text]


@compiled_only
@pytest.mark.skipif(shutil.which("bash") is None, reason="the commands are written for a POSIX shell")
@pytest.mark.parametrize("title", PLAYED)
def test_the_commands_show_what_the_page_says(title: str, tmp_path: Path) -> None:
    page, here = tmp_path / "section.md", tmp_path / "here"
    page.write_text(SECTIONS[title], encoding="utf-8")
    here.mkdir()
    shown = SECTIONS[title].count("\n$ dllab ")
    assert play(page, here) == shown > 0


def test_the_landscapes_are_those_there_are() -> None:
    for name, terrain in TERRAINS.items():
        assert f"\n| `{name}` | {terrain.formula} | " in PAGE
    assert f"by trying {len(RATES)} from {RATES[0]:g} to {RATES[-1]:g}" in PAGE.replace("\n", " ")
