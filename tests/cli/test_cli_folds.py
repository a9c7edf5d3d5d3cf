"""`dllab train` of recipes with folds, as people and scripts run it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from terminals import CONTROL, in_terminal, piped

RECIPE = """\
about: Small.
data: {name: moons, samples: 60}
model: [{dense: 4}, tanh, {dense: classes}]
loss: cross_entropy
optimizer: {adam: {lr: 0.02}}
train: {epochs: 6, batch: 16, folds: 4}
expect: {test_accuracy: 0.5}
"""
REFUSED = [
    (
        ["train.folds=1"],
        """\
override train.folds=1: wrong value for option 'count' of folds
  expected a whole number of at least 2, got 1
""",
    ),
    (
        ["train.folds=many"],
        """\
override train.folds=many: wrong value for option 'count' of folds
  expected a whole number of at least 2, got 'many'
""",
    ),
    (
        ["train.folds={count: 5, repeat: 2}"],
        """\
override train.folds={count: 5, repeat: 2}: unknown option 'repeat' of folds
  expected one of: count, repeats. Did you mean 'repeats'?
""",
    ),
    (
        ["train.folds.repeats=0"],
        """\
override train.folds.repeats=0: wrong value for option 'repeats' of folds
  expected a whole number from 1 to 1,000, got 0
""",
    ),
    (
        ["train.folds=31"],
        """\
small.yaml:6:1: data set moons: 31 folds, and the smallest class has 30 rows
    6 | train: {epochs: 6, batch: 16, folds: 4}
      | ^^^^^
  give at most 30 folds, or data: {stratify: false} to let folds lack a class
""",
    ),
    (
        ["train.folds=61", "data.stratify=false"],
        """\
small.yaml:6:1: data set moons: 61 folds of 60 rows
    6 | train: {epochs: 6, batch: 16, folds: 4}
      | ^^^^^
  give at most 60 folds
""",
    ),
    (
        ["data.validation=0.8", "data.test=0.1"],
        """\
small.yaml:6:1: data set moons: validation: 0.8 of 60 rows leaves none of the 45
  rows outside a fold to train on
    6 | train: {epochs: 6, batch: 16, folds: 4}
      | ^^^^^
  give a smaller fraction or more folds
""",
    ),
    (
        ["train.early_stop=3"],
        """\
small.yaml:6:1: early_stop needs a validation split
    6 | train: {epochs: 6, batch: 16, folds: 4}
      | ^^^^^
  set aside some of the data for it: data: {validation: 0.2}
""",
    ),
    (
        ["expect.validation_accuracy=0.9"],
        """\
small.yaml:7:1: expect: there is no validation split
    7 | expect: {test_accuracy: 0.5}
      | ^^^^^^
  set aside some of the data for it: data: {validation: 0.2}
""",
    ),
    (
        ["--watch", "3"],
        """\
dllab: --watch is for one run, and this recipe trains in folds
  leave it out, or add train.folds=
""",
    ),
    (
        ["train.folds=", "--jobs", "2"],
        """\
dllab: --jobs is for a recipe with folds, and this one trains once
  leave it out, or add train.folds=5
""",
    ),
]
pty_only = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(RECIPE)
    return tmp_path


def test_lines_and_a_table(folder: Path) -> None:
    done = piped(folder, "train", "small.yaml")
    assert done.code == 0 and done.err == ""
    assert not CONTROL.search(done.out)
    assert done.out.startswith("small: 4 folds; rows in each: 45 train, 15 test\n")
    assert len(re.findall(r"^fold \d/4  test: loss [\d.]+ +accuracy [\d.]+ %$", done.out, re.MULTILINE)) == 4
    assert re.search(r"^small: 4 folds trained, 60 rows, seed 0, ", done.out, re.MULTILINE)
    assert re.search(r"^accuracy +[\d.]+ ± [\d.]+ % +[\d.]+ ± [\d.]+ %$", done.out, re.MULTILINE)
    assert "expected test accuracy: 50 %; got" in done.out
    assert max(len(line) for line in done.out.splitlines() if "run kept" not in line) <= 80


def test_an_override_brings_folds_to_any_recipe(folder: Path) -> None:
    done = piped(folder, "train", "iris", "train.folds=3", "train.epochs=2", "--quiet", "--no-save")
    assert done.code == 0
    assert done.out.startswith("iris: 3 folds trained, 150 rows")
    assert "Try next" not in done.out and "run kept" not in done.out
    assert not (folder / "runs").exists()


def test_json_is_one_document_and_the_same_for_any_number_of_jobs(folder: Path) -> None:
    found = []
    for jobs in ("1", "3"):
        done = piped(folder, "train", "small.yaml", "train.folds.repeats=2", "--json", "--jobs", jobs, "--seed", "7")
        assert done.code == 0
        assert "repeat 2/2" in done.err
        (line,) = done.out.splitlines()
        document = json.loads(line)
        assert Path(document.pop("run"), "recipe.yaml").exists()
        document.pop("seconds")
        assert all(fold.pop("seconds") > 0 for fold in document["folds"])
        found.append(document)
    assert found[0] == found[1]
    assert (found[0]["seed"], found[0]["count"], found[0]["repeats"], len(found[0]["folds"])) == (7, 4, 2, 8)


def test_divergence_is_a_negative_verdict(folder: Path) -> None:
    wild = [
        "model=[{dense: 4}, relu, {dense: 1}]",
        "data=function",
        "loss=mse",
        "optimizer=sgd",
        "optimizer.lr=1e5",
        "expect={}",
    ]
    done = piped(folder, "train", "small.yaml", *wild)
    assert done.code == 1
    assert "fold 1/4  diverged" in done.out and "4 diverged" in done.out
    assert "optimizer.lr=10000" in done.out
    done = piped(folder, "train", "small.yaml", *wild, "--json", "--quiet")
    assert done.code == 1
    assert json.loads(done.out)["status"] == "diverged"
    assert "The learning rate is the first thing" not in done.err and "Fold 1: the first" in done.err


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=lambda value: value[0] if isinstance(value, list) else "")
def test_refusals(folder: Path, arguments: list[str], said: str) -> None:
    done = piped(folder, "train", "small.yaml", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err == said
    assert not (folder / "runs").exists()


def test_poor_encodings(folder: Path) -> None:
    done = piped(folder, "train", "small.yaml", env={"PYTHONIOENCODING": "ascii", "LANG": "C", "LC_ALL": "C"})
    assert done.code == 0
    assert done.out.isascii() and "+/-" in done.out


@pty_only
def test_a_terminal_shows_a_bar(folder: Path) -> None:
    done = in_terminal(folder, "train", "small.yaml", "train.epochs=60")
    assert done.code == 0
    assert "/4" in done.out and "so far" in done.out
    assert done.out.count("\x1b[?25l") == done.out.count("\x1b[?25h") == 1
    assert "fold 1/4" not in done.out
    assert "run kept in" in done.out


@pty_only
def test_ctrl_c_keeps_what_ended(folder: Path) -> None:
    done = in_terminal(folder, "train", "small.yaml", "train.folds.repeats=1000", "train.epochs=50", interrupt="so far")
    assert done.code == 130
    assert "interrupted" in done.out and "of 4,000" in done.out and "Traceback" not in done.out
    (run,) = (folder / "runs").iterdir()
    kept = json.loads((run / "run.json").read_text())
    assert kept["status"] == "interrupted" and 0 < len(kept["folds"]) < 4000


@pty_only
def test_ctrl_c_with_json_prints_the_document(folder: Path) -> None:
    arguments = ["train", "small.yaml", "train.folds.repeats=1000", "train.epochs=50", "--json"]
    done = in_terminal(folder, *arguments, interrupt="so far", piped_out=True)
    assert done.code == 130
    assert json.loads(done.out)["status"] == "interrupted"
