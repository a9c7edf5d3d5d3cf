"""docs/inside.md is true: the commands of every section show what is shown."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from marks import compiled_only
from page_runner import ROOT, play

_, *PARTS = (ROOT / "docs" / "inside.md").read_text(encoding="utf-8").split("\n## ")
SECTIONS = {title: text for title, _, text in (part.partition("\n") for part in PARTS)}


@compiled_only
@pytest.mark.skipif(shutil.which("bash") is None, reason="the commands are written for a POSIX shell")
@pytest.mark.parametrize("title", SECTIONS)
def test_the_commands_show_what_the_page_says(title: str, tmp_path: Path) -> None:
    page, here = tmp_path / "section.md", tmp_path / "here"
    page.write_text(SECTIONS[title], encoding="utf-8")
    here.mkdir()
    shown = SECTIONS[title].count("\n$ dllab ")
    assert play(page, here) == shown > 0
