"""`dllab viz-landscape`, `viz-schedule` and `viz-data` on the command line: pipes, terminals, JSON, files, runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from terminals import CONTROL, in_terminal, piped

LANDSCAPE = ("viz-landscape", "xor", "train.epochs=60", "--points", "9")
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0"}


def test_a_recipe_is_trained_and_not_kept(tmp_path: Path) -> None:
    done = piped(tmp_path, *LANDSCAPE)
    assert done.code == 0 and not CONTROL.search(done.out) and list(tmp_path.iterdir()) == []
    assert done.out.startswith("xor: landscape, trained 60 steps, loss of 4 training rows at 9 x 9 points of a\nplane")
    assert "path by steps: 1 = 0," in " ".join(done.out.split()) and "* = the net, loss" in done.out
    assert "dllab viz-landscape xor train.epochs=60 --random" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_run_lies_between_random_directions_and_is_trained_again_for_a_path(tmp_path: Path) -> None:
    trained = piped(tmp_path, "train", "xor", "train.epochs=60", "--quiet", "--json", "--seed", "3")
    folder = tmp_path / json.loads(trained.out)["run"]
    before = {path: path.read_bytes() for path in folder.iterdir()}
    found, walked, recipe = (
        json.loads(piped(tmp_path, "viz-landscape", *words, "--points", "5", "--json").out)
        for words in (("last",), ("last", "--path"), ("xor", "train.epochs=60", "--seed", "3"))
    )
    assert found["plane"] == "random" and found["seed"] == 0 and found["steps"] == 60
    assert walked["plane"] == "path" and walked["path"] == recipe["path"] and walked["loss"] == recipe["loss"]
    assert found["loss_here"] == pytest.approx(walked["loss_here"], rel=1e-6), "it ends where the run ended"
    assert before == {path: path.read_bytes() for path in folder.iterdir()}


def test_the_same_command_draws_the_same_picture(tmp_path: Path) -> None:
    first, second = (piped(tmp_path, *LANDSCAPE, "--random", "--directions", "4").out for _ in range(2))
    assert first == second and "(seed 4)" in first
    assert piped(tmp_path, *LANDSCAPE, "--random", "--directions", "5").out != first


def test_before_training(tmp_path: Path) -> None:
    found = json.loads(piped(tmp_path, *LANDSCAPE, "--before", "--span", "0.5", "--json").out)
    assert found["state"] == "untrained" and found["steps"] == 0 and found["plane"] == "random"
    assert (found["x"][0], found["x"][-1]) == (-0.5, 0.5) and np.shape(found["loss"]) == (9, 9)
    assert found["loss"][4][4] == pytest.approx(found["loss_here"])


@pytest.mark.parametrize("words", [LANDSCAPE, ("viz-schedule", "spirals", "cosine", "one_cycle"), ("viz-data", "digits")])
def test_a_locale_without_blocks_gets_ascii(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = piped(tmp_path, *words, env=ASCII)
    assert done.code == 0 and done.out.isascii() and done.err == ""


@pytest.mark.parametrize(
    ("env", "colours"), [({"COLORTERM": "truecolor"}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_terminals(tmp_path: Path, env: dict[str, str], colours: bool) -> None:
    done = in_terminal(tmp_path, *LANDSCAPE, env=env)
    assert done.code == 0 and ("▀" in done.out and "[38;2;" in done.out) == colours
    assert any(sign in done.out for sign in "░▒▓█") != colours


@pytest.mark.parametrize("words", [LANDSCAPE, ("viz-schedule", "spirals"), ("viz-data", "iris")])
@pytest.mark.parametrize("ending", ["txt", "svg"])
def test_figures_are_kept(tmp_path: Path, words: tuple[str, ...], ending: str) -> None:
    done = piped(tmp_path, *words, "--save", f"fig.{ending}")
    assert done.code == 0 and f"saved to fig.{ending}" in done.err
    assert words[1] in (tmp_path / f"fig.{ending}").read_text(encoding="utf-8")


def test_schedules_alone_and_beside_a_recipes_own(tmp_path: Path) -> None:
    alone = piped(tmp_path, "viz-schedule", "step: 200", "--steps", "400")
    assert alone.code == 0 and "the share of the optimizer's learning rate over 400 steps" in alone.out
    assert "step: 200: highest 1 at step 0, lowest 0.1 at step 399" in alone.out
    words = ("viz-schedule", "spirals", "schedule=cosine", "train.epochs=2", "plateau", "--json")
    found = json.loads(piped(tmp_path, *words).out)
    assert [one["schedule"] for one in found["schedules"]] == ["cosine", "plateau"]
    assert found["schedules"][1]["reacts_to_losses"] and found["steps"] == 2 * found["steps_per_epoch"]


def test_a_file_with_the_name_of_a_schedule_is_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "cosine").mkdir()
    assert "the share of" not in piped(tmp_path, "viz-schedule", "cosine").out


def test_data_with_changes(tmp_path: Path) -> None:
    done = piped(
        tmp_path, "viz-data", "iris", "data.standardise=false", "data.per_class=7", "--split", "test", "--input", "2"
    )
    assert done.code == 0 and "nothing is standardised" in done.out and "iris: data: iris: {" in done.out
    assert "examples of the test split, asked for:\n  input 2, setosa: " in done.out
    assert re.search(r"^setosa +7 +10 +10 +33\.3 %$", done.out, re.MULTILINE), done.out
    next_one = "dllab viz-data iris data.standardise=false data.per_class=7 --split test --input 0 --input 1"
    assert next_one in " ".join(done.out.replace("\\\n", "").split())
