"""`dllab gradcheck` as a process: what it prints where, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RECIPE = """
input: [4]
model: [{dense: 5}, relu, {dense: {units: 3, name: scores}}]
loss: cross_entropy
"""


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(RECIPE)
    return str(path)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "from dllab.cli.main import main; main()"
    settings = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run([sys.executable, "-c", code, "gradcheck", *arguments], capture_output=True, text=True,
                          encoding="utf-8", env=settings)  # fmt: skip


def test_a_right_net(recipe: str) -> None:
    done = run(recipe)
    assert done.returncode == 0 and done.stderr == ""
    assert "✓ PASSED" in done.stdout and "scores" in done.stdout
    assert "\x1b" not in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines() if not line.startswith("  dllab "))


def test_json_and_a_planted_bug(recipe: str) -> None:
    done = run(recipe, "--json", "--inject-bug", "scores")
    assert done.returncode == 1 and done.stderr == ""
    document = json.loads(done.stdout)
    assert document["passed"] is False
    bad = [check for check in document["checks"] if check["verdict"] == "bug"]
    assert [(check["layer"], check["parameter"]) for check in bad] == [("scores", "w")]
    assert bad[0]["relative_error"] == pytest.approx(1 / 11)


def test_seed_and_settings(recipe: str) -> None:
    first, again, other = (json.loads(run(recipe, "--json", "--seed", s).stdout) for s in ("1", "1", "2"))
    assert first == again != other
    wider = json.loads(run(recipe, "model[0].dense.units=6", "-s", "model[1]=tanh", "--json").stdout)
    assert wider["checks"][0]["shape"] == [4, 6]


def test_a_terminal_without_unicode(recipe: str) -> None:
    done = run(recipe, "--inject-bug", "0_dense", PYTHONIOENCODING="ascii")
    assert done.returncode == 1 and done.stdout.isascii() and "?" not in done.stdout
    assert "x FAILED" in done.stdout and "x bug" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a recipe"),
        (("nowhere",), "no recipe is called 'nowhere'"),
        (("RECIPE", "--all"), "--all"),
        (("--all", "-s", "loss=mse"), "--all takes no settings"),
        (("RECIPE", "--inject-bug", "3_dense"), "expected one of: 0_dense, 1_relu, scores, loss"),
        (("--all", "--inject-bug", "dence"), "Did you mean 'dense'"),
        (("RECIPE", "model[0].dense.units=0"), "units"),
        (("RECIPE", "--seed", "-1"), "seed"),
    ],
)
def test_usage_errors(recipe: str, arguments: tuple[str, ...], said: str) -> None:
    done = run(*(recipe if word == "RECIPE" else word for word in arguments))
    assert done.returncode == 2 and done.stdout == ""
    assert said in " ".join(done.stderr.split()) and "Traceback" not in done.stderr


def test_help() -> None:
    done = run("--help")
    assert done.returncode == 0
    for option in ("--all", "--inject-bug", "--json", "--seed", "--set", "--full"):
        assert option in done.stdout
