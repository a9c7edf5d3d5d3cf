"""`dllab explain` on the command line: a layer, a file, JSON, a run that is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    plain = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "LANG": "C", "TERM": "dumb"}
    return subprocess.run([sys.executable, "-m", "dllab", *words], cwd=folder, env=plain, capture_output=True, text=True)


def test_a_layer_is_shown_and_kept(tmp_path: Path) -> None:
    done = run(tmp_path, "explain", "xor", "--layer", "tanh", "--step", "7", "--save", "board.txt")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii() and "tanh(x[1])" in done.stdout and "trained 6 steps" in done.stdout
    assert "tanh(x[1])" in (tmp_path / "board.txt").read_text()
    assert not (tmp_path / "runs").exists()


def test_json_is_one_document(tmp_path: Path) -> None:
    done = run(tmp_path, "explain", "spirals", "--json", "--input", "3", "--seed", "4")
    found = json.loads(done.stdout)
    assert (found["input"], found["seed"], found["agree"]) == (3, 4, True)


def test_a_run_is_refused(tmp_path: Path) -> None:
    assert run(tmp_path, "train", "xor", "train.epochs=2", "--quiet").returncode == 0
    done = run(tmp_path, "explain", "last")
    assert done.returncode == 2
    assert "that is a run" in done.stderr
    command = " ".join(done.stderr.split()).partition("dllab explain ")[2]
    assert command.endswith("recipe.yaml") and run(tmp_path, "explain", command).returncode == 0
