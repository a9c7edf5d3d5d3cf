"""Lists of runs: conditions, order, means over seeds, the settings that differ, the best."""

from __future__ import annotations

import io
import json
import math
import statistics
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_runs import make_run, make_sweep, member
from rich.console import Console

from dllab.lab.run_best import best
from dllab.lab.run_lists import Line, find, means
from dllab.runs.index import Index
from dllab.runs.query import BadQuery
from dllab.views.run_lists import BestList

RATES = (0.01, 0.02, 0.05)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six runs of xor at three rates with two seeds, one of spirals that diverged, one of moons, and a sweep."""
    root: Path = tmp_path_factory.mktemp("runs")
    for number, rate in enumerate(RATES):
        for seed in (0, 1):
            make_run(root, f"xor-{number}-{seed}", round(0.5 + 0.1 * number + 0.2 * seed, 3), seed=seed,
                     changes={"lr: 0.05": f"lr: {rate}"})  # fmt: skip
    make_run(root, "spirals-0", math.nan, seed=7, recipe="spirals", status="diverged", final={"test": {"loss": None}})
    make_run(root, "moons-0", 0.9, recipe="moons", split="validation", changes={"epochs: 20": "epochs: 30"}, steps=900)
    make_sweep(root, members=range(20))
    return root


@pytest.fixture
def index(root: Path) -> Iterator[Index]:
    with Index(root, print) as index:
        yield index


def found(index: Index, *where: str, **options: object) -> list[str]:
    return [line.name for line in find(index, where=where, members=False, **options).lines]  # type: ignore[arg-type]


XOR = [f"xor-{number}-{seed}" for seed in (1, 0) for number in (2, 1, 0)]


@pytest.mark.parametrize(
    ("where", "names"),
    [
        (["recipe=xor"], XOR),
        (["recipe = xor "], XOR),
        (["recipe=x*"], XOR),
        (["recipe=moons,spirals"], ["spirals-0", "moons-0"]),
        (["recipe!=xor"], ["spirals-0", "moons-0"]),
        (["test_accuracy>0.75"], ["xor-2-1", "xor-1-1"]),
        (["test_accuracy>75%"], ["xor-2-1", "xor-1-1"]),
        (["test_accuracy>=0.9"], ["xor-2-1"]),
        (["test_accuracy>=0.5", "test_accuracy<0.55"], ["xor-0-0"]),
        (["optimizer.lr=0.02"], ["xor-1-1", "xor-1-0"]),
        (["lr==2e-2"], ["xor-1-1", "xor-1-0"]),
        (["lr<0.02", "seed=1"], ["xor-0-1"]),
        (["lr!=0.01,0.02", "recipe=xor"], ["xor-2-1", "xor-2-0"]),
        (["optimizer=adam", "steps>100"], ["moons-0"]),
        (["train.epochs=30"], ["moons-0"]),
        (["model[0].dense.units=8", "recipe=moons"], ["moons-0"]),
        (["model[0].dense.bias=true", "recipe=moons"], ["moons-0"]),
        (["status=diverged"], ["spirals-0"]),
        (["status!=finished"], ["spirals-0"]),
        (["validation_accuracy=none", "recipe!=xor"], ["spirals-0"]),
        (["validation_accuracy!=none"], ["moons-0"]),
        (["test_loss=none", "recipe=spirals"], ["spirals-0"]),
        (["run=xor-1-*"], ["xor-1-1", "xor-1-0"]),
        (["run='xor-1-1'"], ["xor-1-1"]),
        (["began>=2026-11-25T10:00:01+00:00", "recipe=xor"], XOR[:3]),
        (["began<2020-01-01"], []),
        (["age<1s"], []),
        (["age>0.5s", "recipe=moons"], ["moons-0"]),
        (["recipe=xor[0]"], []),
        (["member=none", "recipe=moons"], ["moons-0"]),
    ],
)
def test_conditions(index: Index, where: list[str], names: list[str]) -> None:
    assert found(index, *where) == names


def test_members_of_sweeps_are_found_by_their_own_settings_and_those_of_all(index: Index) -> None:
    listing = find(index, where=["sweep!=none", "lr=0.1", "model[0].dense.units=8", "seed=2"])
    assert [line.member for line in listing.lines] == [7, 17]
    assert {line.settings["optimizer.lr"] for line in listing.lines} == {0.1}
    assert find(index, where=["member>=18"]).total == 2
    assert find(index, only=["sweep-xor-20261125-110000"]).total == 20


def test_order(index: Index) -> None:
    assert found(index, sort="test_accuracy")[:2] == ["xor-0-0", "xor-1-0"]
    assert found(index, sort="-test_accuracy")[:2] == ["xor-2-1", "xor-1-1"]
    assert found(index, sort="-test_accuracy")[6:] == ["spirals-0", "moons-0"], "what lacks the key comes last"
    assert found(index, sort="-lr", limit=2) == ["spirals-0", "xor-2-1"], "the newest first where they are equal"
    assert found(index, sort="recipe")[0] == "moons-0"


@pytest.mark.parametrize(
    ("where", "sort", "problem"),
    [
        ("test_acuracy>1", None, "there is no 'test_acuracy' here; did you mean test_accuracy?"),
        ("recipe", None, "--where 'recipe' is no condition"),
        ("recipe=", None, "--where 'recipe=' is no condition"),
        ("recipe>xor", None, "> compares numbers, and 'xor' is none"),
        ("began>now", None, "'now' is no time"),
        ("age<2", None, "'2' is no age"),
        ("samples=4", "recpie", "--sort recpie: there is no 'recpie' here; did you mean recipe?"),
        ('x"y=3', None, "there is no 'x\"y' here"),
    ],
)
def test_what_cannot_be_understood(index: Index, where: str, sort: str | None, problem: str) -> None:
    with pytest.raises(BadQuery) as refused:
        find(index, where=[where], sort=sort)
    assert problem in refused.value.problem
    assert refused.value.hint


def test_a_short_key_that_may_be_several_is_refused(tmp_path: Path) -> None:
    make_run(tmp_path, "one", changes={"constant: {warmup: 0}": "cosine: {warmup: 0, lr: 1}"})
    with Index(tmp_path, print) as index, pytest.raises(BadQuery, match=r"lr may be optimizer\.lr, schedule\.lr"):
        find(index, where=["lr=1"])


def test_of_runs_that_began_in_one_second_the_one_with_the_largest_number_is_the_newest(tmp_path: Path) -> None:
    for ending in ("", "-2", "-9", "-10"):
        make_run(tmp_path, f"xor-1{ending}")
    with Index(tmp_path, print) as index:
        assert found(index) == ["xor-1-10", "xor-1-9", "xor-1-2", "xor-1"]


def test_a_short_key_means_the_setting_that_differs(tmp_path: Path) -> None:
    make_run(tmp_path, "one")
    with Index(tmp_path, print) as index:
        with pytest.raises(BadQuery):
            found(index, "units=8")
        make_run(tmp_path, "two", changes={"units: 8": "units: 4"})
        assert found(index, "units=8") == ["one"]


def test_what_met_nothing_is_named(index: Index) -> None:
    assert find(index, where=["recipe=xor", "seed=99"]).nothing == "seed=99"
    assert find(index, where=["recipe=xor", "seed=7"]).nothing is None


def test_the_settings_that_differ_are_those_within_a_recipe(index: Index) -> None:
    assert find(index, members=False).differing == ("optimizer.lr",)
    assert find(index, where=["lr=0.05"], members=False).differing == ()


def test_the_settings_that_a_sweep_is_about_are_told_even_where_they_are_alike(tmp_path: Path) -> None:
    lines = [member(i, overrides=["train.epochs=5", f"optimizer.lr={0.1 * (i % 2)}"]) for i in range(4)]
    (make_sweep(tmp_path) / "members.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with Index(tmp_path, print) as index:
        assert find(index, where=["member=2"]).differing == ("optimizer.lr",)
        assert [line.count for line in find(index, mean=True).lines] == [2, 2]
    add = member(4, overrides=["train.batch=2"])
    with (tmp_path / "sweep-xor-20261125-110000" / "members.jsonl").open("a") as file:
        file.write(json.dumps(add) + "\n")
    with Index(tmp_path, print) as index:
        assert sorted(find(index, where=["member=2"]).differing) == ["optimizer.lr", "train.batch", "train.epochs"]
        assert [line.count for line in find(index, mean=True).lines] == [2, 2, 1]


def test_options_that_only_one_part_has_are_told_by_its_name(tmp_path: Path) -> None:
    make_run(tmp_path, "one")
    make_run(tmp_path, "two", changes={"adam: {lr: 0.05, beta1: 0.9}": "sgd: {lr: 0.05}"})
    with Index(tmp_path, print) as index:
        assert find(index).differing == ("optimizer",)


def test_means_over_seeds(index: Index) -> None:
    listing = find(index, mean=True, where=["recipe=xor"], sort="-test_accuracy")
    runs = [line for line in listing.lines if line.member is None]
    assert [line.settings["optimizer.lr"] for line in runs] == [0.05, 0.02, 0.01]
    assert [line.count for line in runs] == [2, 2, 2]
    assert runs[0].figures["test_accuracy"] == pytest.approx(0.8)
    assert runs[0].spread["test_accuracy"] == pytest.approx(statistics.stdev([0.7, 0.9]))
    members = [line for line in listing.lines if line.member is not None]
    assert [(line.settings["optimizer.lr"], line.count) for line in members] == [(0.1, 5), (0.01, 5)]
    assert listing.total == 5
    assert find(index, mean=True, sort="lr", limit=1).lines[0].settings["optimizer.lr"] == 0.01
    names = [line.recipe for line in find(index, mean=True, sort="-recipe").lines]
    assert names == sorted(names, reverse=True)


def line(seed: int, status: str = "finished", loss: float | None = 1.0) -> Line:
    return Line("a", None, "xor", seed, status, 0.0, 1, 1, 1.0, None, {"x": 1}, {"test_loss": loss})


def test_what_did_not_come_to_its_end_counts_in_no_mean() -> None:
    (mean,) = means([line(0), line(1, loss=3.0), line(2, "diverged", 1e30), line(3, "failed", None)])
    assert (mean.count, mean.failed, mean.figures, mean.status) == (4, 2, {"test_loss": 2.0}, "mixed")
    (alone,) = means([line(5)])
    assert (alone.seed, alone.spread) == (5, {})


def test_a_run_that_was_repeated_is_no_other_one() -> None:
    """Equal seeds come to equal bits: the spread would be too small, and the number too large. The newest counts."""
    (mean,) = means([line(0, loss=5.0), line(1, loss=3.0), line(0, loss=1.0)])
    assert (mean.count, mean.figures, mean.seed) == (2, {"test_loss": 4.0}, None)
    assert mean.spread == {"test_loss": pytest.approx(statistics.stdev([5.0, 3.0]))}
    (mean,) = means([line(0, "killed", None), line(0, loss=1.0), line(0, loss=2.0)])
    assert (mean.count, mean.failed, mean.figures, mean.spread, mean.seed) == (1, 0, {"test_loss": 1.0}, {}, 0)
    (mean,) = means([replace(line(0), seed=None), replace(line(0), seed=None)])
    assert mean.count == 2


def higher(name: str) -> bool:
    return not name.endswith("loss")


def test_the_best_of_each_recipe_by_its_usual_figure(index: Index) -> None:
    found = best(index, metric=None, recipe=None, higher=higher).found
    assert [(one.recipe, one.metric, one.lines[0].name, one.among) for one in found] == [
        ("moons", "validation_accuracy", "moons-0", 1), ("xor", "test_accuracy", "xor-2-1", 26),
    ]  # fmt: skip


def test_the_best_ones_of_a_recipe_by_a_figure(index: Index) -> None:
    (found,) = best(index, metric="test_loss", recipe="xor", limit=2, higher=higher).found
    assert [line.figures["test_loss"] for line in found.lines] == [0.01, 0.01]
    (found,) = best(index, metric="test_accuracy", recipe="xor", where=["sweep=none", "lr=0.01"], higher=higher).found
    assert found.lines[0].name == "xor-0-1"
    for options in ({"recipe": "xro"}, {"metric": "test_acc"}, {"metric": "lr"}):
        with pytest.raises(BadQuery):
            best(index, **{"metric": None, "recipe": None, "higher": higher, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"where": ["test_accuracy>2"]}, "no run that came to its end meets test_accuracy>2"),
        ({"where": ["seed=1", "status=diverged"]}, "no run that came to its end meets status=diverged"),
        ({"where": ["recipe=moons", "test_accuracy>0.1"]}, "no run that came to its end meets all conditions"),
        ({"recipe": "moons", "metric": "test_accuracy"}, "no run of moons that came to its end has test_accuracy"),
        ({"recipe": "spirals"}, "no run of spirals has come to its end yet"),
    ],
)
def test_why_there_is_no_best_run(index: Index, options: dict[str, Any], why: str) -> None:
    answer = best(index, **{"metric": None, "recipe": None, "higher": higher, **options})
    assert (answer.found, answer.nothing) == ((), why)
    told = io.StringIO()
    Console(file=told, width=80).print(BestList(answer, False))
    assert told.getvalue() == f"{why}\n"


def test_of_equal_ones_the_one_with_the_least_loss_is_best(tmp_path: Path) -> None:
    for name, loss in (("a", 0.3), ("b", 0.1), ("c", 0.2)):
        make_run(tmp_path, name, final={"test": {"loss": loss, "accuracy": 1.0}})
    with Index(tmp_path, print) as index:
        (found,) = best(index, metric=None, recipe=None, higher=higher, limit=3).found
    assert [line.run for line in found.lines] == ["b", "c", "a"]


def test_overrides_of_any_form_are_settings() -> None:
    from dllab.runs.entries import overrides_of

    texts = ["optimizer.lr=1e-3", "optimizer=sgd", "model[0].dense.units=4", "train.shuffle=false", "a=[1, 2]", "b=.5", "c"]
    told = {
        "optimizer.lr": 0.001,
        "optimizer": "sgd",
        "model[0].dense.units": 4,
        "train.shuffle": False,
        "a": "[1, 2]",
        "b": 0.5,
    }
    assert overrides_of(texts) == told
    assert overrides_of({**told, "a": [1, 2]}) == told
    assert overrides_of(None) == {}


def test_a_key_that_members_change_as_a_whole_leaves_no_options_behind(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path)
    (sweep / "members.jsonl").write_text("".join(f"{text}\n" for text in _lines("adam", "sgd")))
    with Index(tmp_path, print) as index:
        lines = find(index).lines
    assert [line.settings["optimizer"] for line in lines] == ["adam", "sgd"]
    assert all("optimizer.beta1" not in line.settings for line in lines)


def _lines(*optimizers: str) -> list[str]:
    return [json.dumps(member(i, overrides=[f"optimizer={name}"])) for i, name in enumerate(optimizers)]


def test_settings_are_read_in_pieces_as_they_are_as_a_whole() -> None:
    """Every recipe of the lab, as a run keeps it."""
    from ruamel.yaml import YAML

    from dllab.recipe import load, shipped
    from dllab.runs import settings

    for name in sorted(shipped())[::15]:
        text = load(name).to_yaml()
        whole = settings._read(text)
        assert settings.settings_of(text) == whole
        assert len(whole) > 20
        assert YAML(typ="safe", pure=True).load(text)["train"]["seed"] == whole["train.seed"]
