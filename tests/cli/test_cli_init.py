"""`dllab init`: a recipe with comments that trains as the one it was copied from, and no file is ever overwritten."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import dllab
from dllab.recipe import load


def init(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dllab", "init", *arguments], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1"}, check=False,
    )  # fmt: skip


def test_it_writes_a_recipe_and_says_what_to_do_next(tmp_path: Path) -> None:
    done = init(tmp_path, "moons")
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "moons.yaml") == load("moons")
    assert done.stderr == "wrote moons.yaml, a copy of moons with comments\n"
    assert "  dllab train moons.yaml" in done.stdout


def test_it_prints_and_copies_own_recipes(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("input: [2]\nmodel: [{dense: 3}]\n")
    done = init(tmp_path, "own.yaml", "-")
    assert (done.returncode, done.stderr) == (0, "")
    assert load(done.stdout) == load(tmp_path / "own.yaml")
    assert init(tmp_path, "own.yaml").returncode == 2
    assert "\n" in (tmp_path / "own.yaml").read_text(), "left alone"
    assert init(tmp_path, "own.yaml", "two words").returncode == 0
    assert "./two words" in init(tmp_path, "./two words", "sub.yml").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["moons", "kept.yaml"], "kept.yaml is there already; nothing was written"),
        (["moons", "."], ". is a folder"),
        (["moons", "no/such/place.yaml"], "there is no folder no/such"),
        (["moon"], "Did you mean 'moons'?"),
        ([], "RECIPE"),
    ],
)
def test_what_it_refuses(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "kept.yaml").write_text("mine")
    done = init(tmp_path, *arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert said in " ".join(done.stderr.split())
    assert [path.name for path in tmp_path.iterdir()] == ["kept.yaml"]
    assert (tmp_path / "kept.yaml").read_text() == "mine"


def test_the_copy_trains_to_the_same_bits(tmp_path: Path) -> None:
    init(tmp_path, "xor", "copy.yaml")
    first, second = (dllab.train(name, save=False) for name in ("xor", tmp_path / "copy.yaml"))
    assert first.metrics == second.metrics
    for name, array in first.network.parameters.items():
        assert array.tobytes() == second.network.parameters[name].tobytes()
