"""The section of docs/inside.md on gradients is true: its command shows what is shown."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from page_runner import ROOT, play

from dllab.core.settings import jit_enabled

SECTIONS = ("Does the gradient reach the first layer?",)


@pytest.mark.skipif(not jit_enabled(), reason="too long without compiled kernels")
@pytest.mark.skipif(shutil.which("bash") is None, reason="the commands are written for a POSIX shell")
@pytest.mark.parametrize("title", SECTIONS)
def test_the_commands_show_what_the_page_says(title: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "inside.md").read_text(encoding="utf-8")
    page = tmp_path / "section.md"
    page.write_text(text.split(f"\n## {title}\n")[1].split("\n## ")[0], encoding="utf-8")
    here = tmp_path / "here"
    here.mkdir()
    assert play(page, here) == 1
