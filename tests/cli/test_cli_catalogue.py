"""summary, recipes, datasets, layers, schema and warmup as commands: what they print, and how they end."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAIN = "from dllab.cli.main import main; main()"
SHOWING = [
    ["summary", "spirals"],
    ["summary", "mnist1d", "train.batch=8"],
    ["recipes"],
    ["recipes", "moons"],
    ["datasets"],
    ["datasets", "moons", "noise=0.3"],
    ["datasets", "digits"],
    ["layers"],
    ["layers", "losses"],
    ["layers", "dense"],
    ["layers", "adam"],
    ["losses"],
    ["optimizers", "adam"],
    ["schedules"],
    ["initializers", "he"],
    ["metrics"],
]


def dllab(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1", **environment}
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments], cwd=ROOT, env=surroundings, capture_output=True, text=True,
        encoding="utf-8", check=False,
    )  # fmt: skip


def document(*arguments: str) -> Any:
    done = dllab(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("arguments", SHOWING, ids=" ".join)
def test_output_fits_and_has_no_control_codes(arguments: list[str]) -> None:
    done = dllab(*arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) > 5
    assert max(map(len, lines)) <= 80
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", done.stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["summary", "spiral"], "Did you mean 'spirals'?"),
        (["summary", "spirals", "optimizer.lrr=1"], "Did you mean 'lr'?"),
        (["summary", "spirals", "-s", "model[0].dense.units=ten"], "got 'ten'"),
        (["summary", "spirals", "--set", "train.batch=0"], "at least 1"),
        (["summary", "no/such.yaml"], "no such file"),
        (["summary"], "RECIPE"),
        (["datasets", "mons"], "Did you mean 'moons'?"),
        (["datasets", "moons", "nose=1"], "Did you mean 'noise'?"),
        (["datasets", "moons", "noise"], "noise"),
        (["datasets", "spirals", "samples=2"], "classes"),
        (["layers", "adm"], "Did you mean 'adam'?"),
        (["layers", "\x1b[31mred"], "no part is called"),
        (["layers", ""], "no part is called"),
        (["optimizers", "adm"], "Did you mean 'adam'?"),
        (["losses", "adam"], "`dllab optimizers adam` shows it"),
        (["metrics", "accuracy", "f1"], "f1"),
        (["recipes", "spirls"], "Did you mean 'spirals'?"),
        (["recipes", "spirals", "moons"], "moons"),
        (["schema", "--what"], "--what"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_slips_are_told_and_exit_with_2(arguments: list[str], said: str) -> None:
    done = dllab(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr and "\x1b" not in done.stderr


def test_ascii_terminals_get_ascii() -> None:
    for arguments in (["summary", "xor"], ["datasets", "digits"], ["datasets", "spirals"], ["layers", "relu"]):
        done = dllab(*arguments, PYTHONUTF8="0", PYTHONIOENCODING="ascii", LC_ALL="C")
        assert done.returncode == 0, done.stderr
        assert done.stdout.isascii() and "?" not in done.stdout


def test_summary_document() -> None:
    found = document("summary", "xor", "model[0].dense.units=4")
    assert found["parameters"] == (2 * 4 + 4) + (4 + 1)
    assert {"name", "kind", "output_shape", "parameters", "multiply_adds"} <= found["layers"][0].keys()
    assert [layer["kind"] for layer in found["layers"]] == ["dense", "tanh", "dense", "sigmoid"]


def test_recipes_document() -> None:
    found = {recipe["name"]: recipe for recipe in document("recipes")["recipes"]}
    assert {"xor", "spirals", "moons", "rings", "iris", "digits", "mnist10k"} <= found.keys()
    assert found["spirals"]["expect"]["test_accuracy"] >= 0.97


def test_datasets_documents() -> None:
    assert {"xor", "moons", "mnist10k"} <= {entry["name"] for entry in document("datasets")["datasets"]}
    assert document("datasets", "moons", "samples=40", "test=0.5")["splits"] == {"train": 20, "test": 20}


def test_layers_documents() -> None:
    assert "relu" in document("layers")["layers"]
    assert document("layers", "schedules").keys() == {"schedules"}
    pages = document("layers", "perceptron")["parts"]
    assert [page["family"] for page in pages] == ["losses", "optimizers"]
    lr = pages[1]["options"][0]
    assert (lr["name"], lr["takes"], lr["needed"], lr["default"]) == ("lr", "a number above 0", False, 1.0)
    assert document("optimizers", "perceptron")["parts"] == pages[1:]


def test_schema_document() -> None:
    done = dllab("schema")
    assert done.returncode == 0
    assert json.loads(done.stdout)["title"] == "dllab recipe"


def test_looking_things_up_needs_no_compiler() -> None:
    for line in ("summary mnist10k", "recipes", "datasets moons", "layers adam", "schema", "lessons"):
        assert "numba" not in modules_of(line), line


def test_the_list_of_lessons_is_there_before_numpy_would_be() -> None:
    assert "numpy" not in modules_of("lessons")


def modules_of(line: str) -> set[str]:
    """What Python has imported by the end of a command."""
    code = "import sys\nfrom dllab.cli.main import run\ncode = run(sys.argv[1:])\nprint(*sys.modules, file=sys.stderr)"
    code += "\nsys.exit(code)"
    done = subprocess.run([sys.executable, "-c", code, *line.split()], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_warmup_without_a_compiler() -> None:
    done = dllab("warmup", NUMBA_DISABLE_JIT="1")
    assert done.returncode == 0, done.stderr
    assert "nothing to compile" in " ".join(done.stdout.split())


@pytest.mark.slow
def test_warmup_twice() -> None:
    document("warmup")
    found = document("warmup")
    assert found["compiled"] == 0 and found["ready"] > 50
    assert Path(found["folder"]).is_dir()
