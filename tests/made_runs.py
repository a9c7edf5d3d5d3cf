"""Folders of runs and sweeps, made in a moment: what the index reads of them, and nothing else."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from dllab.runs.disk import replace_file
from dllab.runs.index import NAME, Index

RECIPE = """about: A test.
data:
  xor: {samples: 4, noise: 0.0}
model:
  - dense: {units: 8, bias: true, init: null}
  - tanh
  - dense: {units: 1, bias: true, init: null}
loss:
  binary_cross_entropy: {label_smoothing: 0.0}
optimizer:
  adam: {lr: 0.05, beta1: 0.9}
schedule:
  constant: {warmup: 0}
train:
  epochs: 20
  batch: full
  seed: 0
  checkpoint: {every: null, best: false}
expect: {train_accuracy: 1.0}
"""
BEGAN = "2026-11-25T10:00:{:02d}+0000"


def make_run(root: Path, name: str, accuracy: float = 1.0, *, changes: Mapping[str, str] | None = None, seed: int = 0,
             recipe: str = "xor", split: str = "test", **told: Any) -> Path:  # fmt: skip
    """A finished run. `changes`: pieces of the recipe's text, each with what stands in its place."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    text = RECIPE.replace("seed: 0", f"seed: {seed}")
    for old, new in (changes or {}).items():
        assert old in text
        text = text.replace(old, new)
    (folder / "recipe.yaml").write_text(text)
    final = {"train": {"loss": 0.25, "accuracy": accuracy}, split: {"loss": 0.5, "accuracy": accuracy}}
    document = {
        "recipe": recipe, "seed": seed, "status": "finished", "epochs": 20, "steps": 20, "seconds": 0.5, "run": str(folder),
        "final": final, "began": BEGAN.format(seed % 60), "changes": [], **told,
    }  # fmt: skip
    replace_file(folder / "run.json", json.dumps(document).encode())
    return folder


def make_sweep(root: Path, name: str = "sweep-xor-20261125-110000", members: Iterable[int] = ()) -> Path:
    """A sweep with so many members that have ended."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    plan = {"recipe": "xor", "recipe_yaml": RECIPE, "began": BEGAN.format(0), "status": "running"}
    replace_file(folder / "sweep.json", json.dumps(plan).encode())
    add_members(folder, members)
    return folder


def member(index: int, **told: Any) -> dict[str, Any]:
    """A line of a sweep's journal: two rates, five seeds."""
    rate = (0.01, 0.1)[index // 5 % 2]
    return {
        "index": index, "overrides": [f"optimizer.lr={rate}"], "seed": index % 5, "status": "finished", "steps": 20,
        "final": {"test": {"loss": rate, "accuracy": index / 100}}, "seconds": 0.001, "error": None, **told,
    }  # fmt: skip


def add_members(folder: Path, members: Iterable[int]) -> None:
    """Append lines to a sweep's journal."""
    with (folder / "members.jsonl").open("a") as file:
        file.writelines(json.dumps(member(index)) + "\n" for index in members)


def rows(root: Path, told: list[str] | None = None) -> list[tuple[str, int, str]]:
    """All entries of the index, after a look for what is new: folder, member (-1: none), status."""
    said: list[str] = [] if told is None else told
    with Index(root, said.append) as index:
        found: list[tuple[str, int, str]] = index.ask(
            lambda connection: connection.execute("SELECT folder, member, status FROM entries").fetchall()
        )
    assert said == [] or told is not None
    return found


forks = pytest.mark.skipif(os.name == "nt", reason="forks")


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process that can import the helpers."""
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def sound(root: Path) -> None:
    """Fail unless SQLite itself finds nothing wrong with the file."""
    connection = sqlite3.connect(root / NAME)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
