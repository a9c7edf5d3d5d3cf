"""docs/lessons.md is true: its commands show what the page says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from marks import compiled_only
from page_runner import ROOT, play

PAGE = ROOT / "docs" / "lessons.md"


@compiled_only
@pytest.mark.skipif(shutil.which("bash") is None, reason="the commands are written for a POSIX shell")
def test_the_commands_show_what_the_page_says(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    assert play(PAGE, here) == PAGE.read_text(encoding="utf-8").count("\n$ ") - 1  # one asks for the exit code
