"""`dllab compare-optimizers` and `dllab compare`, as people and scripts run them."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import sys
from pathlib import Path

import pytest
from terminals import CONTROL, in_terminal, piped

from dllab.cli.compare_optimizers import _next as best
from dllab.cli.comparing import next_lines
from dllab.lab.comparison import Comparison, Result, Run
from dllab.lab.contenders import optimizers
from dllab.training.events import Status

RECIPE = """\
about: Small.
data: {name: moons, samples: 120}
model: [{dense: 8}, tanh, {dense: classes}]
loss: cross_entropy
optimizer: {adam: {lr: 0.02}}
train: {epochs: 6, batch: 16}
"""
LONG = ["train.epochs=900", "--seeds", "3", "--jobs", "1", "--watch", "8"]
pty_only = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(RECIPE)
    return tmp_path


def test_lines_tables_and_a_verdict(folder: Path) -> None:
    done = piped(folder, "compare-optimizers", "small.yaml", "--tune", "2")
    assert done.code == 0 and done.err == "" and not CONTROL.search(done.out)
    assert len(re.findall(r"^\w+: 2 rates tried, best [\d.e-]+ \(accuracy [\d.]+ %\)$", done.out, re.MULTILINE)) == 4
    assert re.search(r"^seed 0: test accuracy sgd .* %, momentum .* %, rmsprop .* %, adam .* %$", done.out, re.MULTILINE)
    assert "small: 4 optimizers, 5 seeds (0 to 4), 36 steps a run; same data, first weights" in done.out
    assert re.search(r"^a  adam +[\d.e-]+ +[\d.]+ % \[[\d.]+, [\d.]+\]", done.out, re.MULTILINE)
    said = " ".join(done.out.split())
    assert "Rates: the best of 2 runs each, with seed 895135071, by accuracy on 18 training rows held out for it" in said
    assert "Rule: paired t-test" in said and "Verdict: " in said and "Try next:" in said
    lines = done.out.partition("Try next:")[0].splitlines()
    assert max(len(line) for line in lines if not line.startswith("seed ")) <= 80
    assert not (folder / "runs").exists()


def test_json_is_one_document_and_the_same_for_any_number_of_jobs(folder: Path) -> None:
    found = []
    for jobs in ("1", "3"):
        done = piped(
            folder,
            "compare-optimizers",
            "small.yaml",
            "--json",
            "--seeds",
            "2",
            "--tune",
            "3",
            "--jobs",
            jobs,
            "--seed",
            "5",
        )
        assert done.code == 0 and "seed 6: " in done.err
        (line,) = done.out.splitlines()
        found.append(json.loads(re.sub(r'"seconds(_to_target)?": [\d.]+|"jobs": \d', '"x": 0', line)))
    assert found[0] == found[1]
    assert found[0]["seeds"] == [5, 6] and [one["name"] for one in found[0]["optimizers"]] == [
        "sgd",
        "momentum",
        "rmsprop",
        "adam",
    ]
    assert all(len(one["tried"]) == 3 and one["tuned"] for one in found[0]["optimizers"])


def test_given_rates_targets_and_metrics(folder: Path) -> None:
    options = ["--optimizers", "sgd:lr=0.5,adam", "--tune", "2", "--seeds", "3", "--target", "loss=0.5", "--metric", "loss"]
    (line,) = piped(folder, "compare-optimizers", "small.yaml", "--json", "-q", *options).out.splitlines()
    found = json.loads(line)
    sgd, adam = found["optimizers"]
    assert (sgd["lr"], sgd["tuned"], len(adam["tried"])) == (0.5, False, 2)
    assert found["target"] == {"metric": "loss", "split": "train", "value": 0.5, "given": True}
    assert found["metric"] == "loss" and "in test loss" in found["verdict"]


def test_verdicts_both_ways(folder: Path) -> None:
    said = piped(
        folder,
        "compare-optimizers",
        "small.yaml",
        "-q",
        "--optimizers",
        "sgd:lr=1e-6,adam:lr=0.05",
        "--metric",
        "loss",
        "--seeds",
        "8",
    ).out
    assert "Verdict: adam is significantly better than sgd (by " in said and "nothing was tuned" in said
    assert "Try next" not in said
    said = piped(folder, "compare-optimizers", "small.yaml", "--optimizers", "adam:lr=0.01,adam:lr=1e-2").out
    assert (
        "Verdict: No significant difference in test accuracy between adam:lr=0.01 and\nadam:lr=1e-2 (smallest p 1)." in said
    )
    assert "--seeds 20" in said


def test_divergence_is_data(folder: Path) -> None:
    done = piped(
        folder, "compare-optimizers", "function", "-q", "--optimizers", "sgd:lr=1e5,adam:lr=0.01", "train.epochs=5"
    )
    assert done.code == 0
    assert "sgd diverged\nwith every seed." in done.out and re.search(r"s  sgd +1e\+05 +5/5 +- +-$", done.out, re.MULTILINE)


def test_what_is_proposed_repeats_the_experiment_with_all_its_options(folder: Path) -> None:
    options = ["--optimizers", "adam:beta2=0.9,sgd:lr=0.0123456789", "--seeds", "3", "--seed", "7", "--tune", "3",
               "--target", "loss=0.5", "--jobs", "1"]  # fmt: skip
    said = piped(folder, "compare-optimizers", "small.yaml", "train.epochs=1", *options).out
    line = re.sub(r" \\?\n +", " ", said.partition("Try next:")[2])
    again = "dllab compare-optimizers small.yaml train.epochs=1 --optimizers adam:beta2=0.9,sgd:lr=0.0123456789 "
    assert f"{again}--seeds 12 --seed 7 --tune 3 --target loss=0.5 --jobs 1\n" in line
    assert f"{again}--seeds 3 --seed 7 --tune 3 --metric loss --target loss=0.5 --jobs 1\n" in line
    said = piped(folder, "compare", "small.yaml", "train.epochs=1,2", *options[2:6], "--target", "loss=0.5").out
    line = re.sub(r" \\?\n +", " ", said.partition("Try next:")[2])
    assert "dllab compare small.yaml train.epochs=1,2 --seeds 12 --seed 7 --target loss=0.5\n" in line


def made(values: list[list[float]], text: str = "sgd,adam") -> Comparison:
    """A comparison in which these are the accuracies, a row for each optimizer; NaN where it diverged."""
    results = []
    for n, (one, row) in enumerate(zip(optimizers("moons", [], text), values)):
        status: list[Status] = ["diverged" if value != value else "finished" for value in row]
        runs = [Run(n, s, status[s], 1, 0.1, {"test": {"accuracy": value}}, ()) for s, value in enumerate(row)]
        results.append(Result(one, tuple(runs)))
    return Comparison("moons", "accuracy", "test", "train", tuple(range(len(values[0]))), tuple(results), None, None, 0.01,
                      "finished", 1.0, 1, 1)  # fmt: skip


def test_the_best_is_written_in_full_and_called_best_where_that_is_shown() -> None:
    found = made([[0.5] * 5, [0.9] * 5], "sgd,adam:beta2=0.9,lr=0.0123456789")
    (line, why) = best(found, ["moons", "--trust"], 7, [])[0]
    assert line == "dllab train moons --trust 'optimizer={adam: {lr: 0.0123456789, beta2: 0.9}}' --seed 7"
    assert why == "train with the best"
    assert best(made([[0.5] * 5, [0.9] * 5]), ["moons"], None, [])[0][0] == "dllab train moons optimizer=adam"
    (line, why) = best(made([[0.9] * 5, [0.9] * 5], "sgd:lr=0.1,adam"), ["moons"], None, [])[0]
    assert (line, why) == ("dllab train moons 'optimizer={sgd: 0.1}'", "train with the best mean")
    nan = math.nan
    line, _ = best(made([[1.0, nan, nan, nan, nan], [0.9] * 5]), ["moons"], None, [])[0]
    assert line == "dllab train moons optimizer=adam", "the survivor of five is no best one"


def test_no_more_seeds_are_proposed_than_can_be_asked_for() -> None:
    found = made([[0.5] * 400, [0.5] * 400])
    assert next_lines(found, "compare", ["moons"], {})[0][0] == "dllab compare moons --seeds 1000"
    most = dataclasses.replace(found, seeds=tuple(range(1000)))
    assert [why for _, why in next_lines(most, "compare", ["moons"], {})] == ["judged by the loss"]


def test_without_tuning_rates_are_the_defaults(folder: Path) -> None:
    (line,) = piped(
        folder, "compare-optimizers", "small.yaml", "--json", "-q", "--tune", "0", "--seeds", "1"
    ).out.splitlines()
    found = json.loads(line)
    assert [one["lr"] for one in found["optimizers"]] == [0.01, 0.01, 0.001, 0.001] and found["tuning"] is None
    assert found["verdict"].startswith("No verdict: 1 seed")


def test_any_option_and_grids(folder: Path) -> None:
    done = piped(folder, "compare", "small.yaml", "optimizer.lr=0.1,0.00001", "model[1]=tanh,relu", "train.epochs=20", "-q")
    assert done.code == 0
    assert "small: 4 variants, 5 seeds (0 to 4)" in done.out and "a  lr=0.1 model[1]=tanh" in done.out
    assert "is significantly better than" in done.out and "Rates" not in done.out


def test_recipes_beside_each_other(folder: Path) -> None:
    (folder / "deep.yaml").write_text(RECIPE.replace("tanh,", "tanh, {dense: 8}, tanh,"))
    done = piped(folder, "compare", "small.yaml", "deep.yaml", "--seeds", "2")
    assert done.code == 0 and "small, deep: 2 recipes, 2 seeds (0 to 1), 36 steps a run; same data and batches" in " ".join(
        done.out.split()
    )
    done = piped(folder, "compare", "small.yaml", "moons", "train.epochs=1", "--seeds", "2", "--json", "-q")
    found = json.loads(done.out)
    assert done.code == 0 and found["pairs"] == []
    assert found["verdict"] == ("No verdict: small and moons are judged by different test rows, so their figures answer "
                                "different questions.")  # fmt: skip


def test_a_figure_is_kept(folder: Path) -> None:
    done = piped(folder, "compare", "small.yaml", "optimizer.lr=0.1,0.01", "-q", "--seeds", "3", "--save", "race.txt")
    assert done.code == 0 and done.err == "saved to race.txt\n"
    kept = (folder / "race.txt").read_text()
    assert "a lr=0.1  b lr=0.01" in kept and "Verdict" in kept and "Try next" not in kept


def test_poor_encodings(folder: Path) -> None:
    poor = {"PYTHONIOENCODING": "ascii", "LANG": "C", "LC_ALL": "C", "TERM": "dumb", "NO_COLOR": "1"}
    done = piped(folder, "compare-optimizers", "small.yaml", "--seeds", "2", "--tune", "1", env=poor)
    assert done.code == 0 and done.out.isascii() and ">=" in done.out


def test_a_race_on_a_landscape(folder: Path) -> None:
    done = piped(folder, "compare-optimizers", "--surface", "valley", "--optimizers", "sgd:lr=0.04,adam")
    assert done.code == 0 and done.out.startswith("valley: f(a, b) = ")
    arguments = ["--optimizers", "sgd:lr=0.04,adam", "--seed", "3", "--json"]
    found = json.loads(piped(folder, "compare-optimizers", "--surface", "valley", *arguments).out)
    assert [(one["name"], one["tuned"]) for one in found["optimizers"]] == [("sgd", False), ("adam", True)]


@pty_only
def test_a_terminal_shows_the_search_and_the_race(folder: Path) -> None:
    done = in_terminal(folder, "compare-optimizers", "small.yaml", "train.epochs=60", "--watch", "1")
    assert done.code == 0
    assert re.search(r"rates +\d+/32", done.out) and re.search(r"runs +\d+/20", done.out) and "left, slowed" in done.out
    assert "train accuracy %  " in CONTROL.sub("", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", done.out))
    assert done.out.count("\x1b[?25l") == done.out.count("\x1b[?25h") == 1
    assert "Verdict: " in done.out and "seed 0:" not in done.out


@pty_only
def test_a_dumb_terminal_has_lines(folder: Path) -> None:
    done = in_terminal(folder, "compare", "small.yaml", "optimizer.lr=0.1,0.01", env={"TERM": "dumb"})
    assert done.code == 0 and "\x1b" not in done.out and "seed 4: test accuracy lr=0.1 " in done.out


@pty_only
def test_ctrl_c_shows_what_has_ended(folder: Path) -> None:
    done = in_terminal(folder, "compare-optimizers", "small.yaml", *LONG, "--tune", "0", interrupt="left, slowed")
    assert done.code == 130 and "Traceback" not in done.out
    ended = re.search(r"No verdict: interrupted after (\d+) of 12 runs\.", done.out)
    assert ended is not None and int(ended[1]) < 12 and "  sgd" in done.out.rpartition("\x1b[?25h")[2]


@pty_only
def test_ctrl_c_during_the_search(folder: Path) -> None:
    done = in_terminal(folder, "compare-optimizers", "small.yaml", *LONG, interrupt="tried, best")
    assert done.code == 130
    assert re.search(r"^\w+: \d rates? tried, best ", done.out.rpartition("\x1b[?25h")[2], re.MULTILINE)
    assert done.out.endswith("dllab: interrupted while rates were searched for\ndllab: interrupted\n")


@pty_only
def test_ctrl_c_with_json_prints_the_document(folder: Path) -> None:
    arguments = ["compare-optimizers", "small.yaml", *LONG, "--tune", "0", "--json"]
    done = in_terminal(folder, *arguments, interrupt="left, slowed", piped_out=True)
    assert done.code == 130
    found = json.loads(done.out)
    assert found["status"] == "interrupted" and sum(len(one["runs"]) for one in found["optimizers"]) < 12
