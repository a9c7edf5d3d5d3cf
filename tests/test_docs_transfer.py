"""docs/transfer.md is true: its commands run, and its figures come out again."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from statistics import mean

import pytest
from marks import compiled_only
from page_runner import ROOT, play

import dllab

PAGE = ROOT / "docs" / "transfer.md"
NEAR = 2.5
"""Points that a mean over five seeds may be off on another processor."""


@compiled_only
@pytest.mark.skipif(shutil.which("bash") is None, reason="the commands are written for a POSIX shell")
def test_the_commands_show_what_the_page_says(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    assert play(PAGE, here) >= 7


def stated() -> list[tuple[str, list[str], float]]:
    """Recipe, changes and stated mean of every figure that is measured again."""
    text = PAGE.read_text(encoding="utf-8")
    found = []
    for name in ("transfer-scratch", "transfer"):
        (row,) = re.findall(rf"^\| `{name}` \|(.*)\|$", text, re.MULTILINE)
        found.append((name, list[str](), float(row.split("|")[1].split("±")[0])))
    for told, figure in re.findall(r"^\| (`freeze=.*?) \| ([\d.]+) ± ", text, re.MULTILINE):
        changes = [change for code in re.findall(r"`(\S.*?)`", told) for change in changes_of(code)]
        found.append(("transfer", changes, float(figure)))
    return found


def changes_of(code: str) -> list[str]:
    """Overrides as the page writes them, quotes left out."""
    return [code] if "=" in code else []


@compiled_only
@pytest.mark.parametrize(("name", "changes", "figure"), stated(), ids=lambda value: str(value)[:40])
def test_the_figures(name: str, changes: list[str], figure: float, runs: Path) -> None:
    results = [dllab.train(name, changes, seed=seed, run_dir=runs) for seed in range(5)]
    assert abs(100 * mean(result.metrics["test"]["accuracy"] for result in results) - figure) <= NEAR


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the recipe that weights come from is trained once."""
    return tmp_path_factory.mktemp("transfer") / "runs"


def test_all_figures_are_read() -> None:
    assert len(stated()) == 6
    assert all(shlex.split(change) for _, changes, _ in stated() for change in changes)
