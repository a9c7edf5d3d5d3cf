"""What is said of command lines that are refused, word for word, at 80 columns."""

from __future__ import annotations

import dataclasses
import os
import shlex
from pathlib import Path

import error_cases
import pytest
from command_lines import Ended, fresh, made, typed

GOLDEN = Path(__file__).parent / "golden"
HOME = "/home/ann"
AREAS = {
    "commands": error_cases.COMMANDS, "recipes": error_cases.RECIPES, "fits": error_cases.FITS,
    "tables": error_cases.TABLES, "own_parts": error_cases.OWN_PARTS, "runs": error_cases.RUNS,
}  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recipes, tables and runs."""
    folder: Path = tmp_path_factory.mktemp("base")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DLLAB_RUNS", raising=False)
        made(folder)
    return folder


@pytest.fixture(autouse=True)
def eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("DLLAB_RUNS", raising=False)


@pytest.fixture
def ann(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose path is shown as /home/ann, also where lines are broken; in it 8 GB of memory are free."""
    from dllab.cli import failures
    from dllab.engine import budget
    from dllab.recipe.errors import Problem

    folder = tmp_path / "ann"
    render, folded = Problem.render, failures.folded

    def named(text: str) -> str:
        return text.replace(str(folder.resolve()), HOME)

    def rendered(problem: Problem, columns: int = 80) -> str:
        place = dataclasses.replace(problem.place, label=named(problem.place.label))
        return render(Problem(named(problem.message), place, named(problem.hint)), columns)

    monkeypatch.setattr(Problem, "render", rendered)
    monkeypatch.setattr(failures, "folded", lambda text: folded(named(text)))
    monkeypatch.setattr(budget, "bytes_available", lambda: 8_000_000_000)
    return folder


def put(folder: Path, files: error_cases.Files) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def entry(title: str, done: Ended) -> str:
    """What the golden holds of a line: its exit code and all that is said."""
    return f"=== {title if len(title) < 200 else title[:199] + '…'}\nexit {done.code}\n{done.err}"


def compare(name: str, text: str) -> None:
    """Fail unless the text is that of the golden file; DLLAB_WRITE_GOLDENS=1 writes the file instead."""
    path = GOLDEN / f"errors_{name}.txt"
    if os.environ.get("DLLAB_WRITE_GOLDENS") == "1":
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("area", AREAS)
def test_the_text_of_errors(base: Path, ann: Path, area: str) -> None:
    texts = []
    for line, before in AREAS[area]:
        fresh(base, ann)
        if callable(before):
            before(ann)
        else:
            put(ann, before)
        texts.append(entry(f"dllab {line}", typed(ann, shlex.split(line))))
    compare(area, "\n".join(texts))
    assert [text for text in texts if "\nexit 2\n" not in text] == []


@pytest.mark.parametrize("area", AREAS)
def test_80_columns_are_enough(area: str) -> None:
    for line in (GOLDEN / f"errors_{area}.txt").read_text(encoding="utf-8").splitlines():
        assert len(line) <= 80 or line.startswith("=== ") or " " not in line.strip()
