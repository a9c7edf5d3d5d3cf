"""Runs that begin with weights of others: where these come from, what is told of it, and that going on needs no source."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.recipe import RecipeError
from dllab.runs.opened import Opened
from dllab.runs.result import Interrupted
from dllab.runs.resume import Resumption
from dllab.runs.store import BEST, WEIGHTS, RunFolder
from dllab.training.events import Event, FirstTraining, Progress, Started

BASE = """
data: {name: blobs, classes: 3, samples: 120, validation: 0.2}
model: [{dense: {units: 8, name: low}}, batch_norm, tanh, {dense: {units: 8, name: high}}, tanh, dense: classes]
train: {epochs: 4, seed: 7, checkpoint: {best: true}}
"""
FINE: dict[str, Any] = {
    "data": {"name": "blobs", "classes": 4, "samples": 120},
    "model": [{"dense": {"units": 8, "name": "low"}}, "batch_norm", "tanh", {"dense": {"units": 8, "name": "high"}}, "tanh",
              {"dense": "classes"}],
    "freeze": ["low", "1_batch_norm"],
    "lr_factors": {"high": 0.1},
    "train": {"epochs": 6},
}  # fmt: skip


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path / "runs"


def fine(runs: Path, **keys: Any) -> dict[str, Any]:
    return {**FINE, "init_from": str(runs.parent / "base.yaml"), **keys}


def of_base(runs: Path) -> list[Path]:
    return sorted(runs.glob("base-*"))


def test_the_recipe_is_trained_first_and_kept_and_not_trained_again(runs: Path) -> None:
    told: list[Event] = []
    first = dllab.train(fine(runs), run_dir=runs, on_event=told.append)
    (base,) = of_base(runs)
    assert [event.recipe for event in told if isinstance(event, FirstTraining)][:1] == ["base"]
    assert RunFolder(base).read_status()["seed"] == 7
    again: list[Event] = []
    second = dllab.train(fine(runs), run_dir=runs, on_event=again.append)
    assert of_base(runs) == [base] and not any(isinstance(event, FirstTraining) for event in again)
    assert first.document()["init_from"] == second.document()["init_from"]
    assert all(np.array_equal(a, second.network.parameters[name]) for name, a in first.network.parameters.items())


def test_what_the_run_tells(runs: Path) -> None:
    result = dllab.train(fine(runs), run_dir=runs)
    assert result.folder is not None
    (base,) = of_base(runs)
    told = RunFolder(result.folder).read_status()
    origin = told["init_from"]
    assert origin["run"] == str(base) and origin["recipe"] == "base" and origin["weights"] == "last"
    assert origin["sha256"] == hashlib.sha256((base / WEIGHTS).read_bytes()).hexdigest()
    assert origin["test"] == RunFolder(base).read_status()["final"]["test"]
    assert (origin["taken"], origin["new"], origin["absent"]) == (["low", "1_batch_norm", "high"], ["5_dense"], [])
    assert told["frozen"] == ["low", "1_batch_norm"] and told["lr_factors"] == [{"name": "high", "factor": 0.1}]


def test_frozen_arrays_are_those_of_the_source(runs: Path) -> None:
    result = dllab.train(fine(runs), run_dir=runs)
    assert result.folder is not None
    there, _ = RunFolder(of_base(runs)[0]).read_arrays(WEIGHTS)
    here, _ = RunFolder(result.folder).read_arrays(WEIGHTS)
    for name in here:
        frozen = name.startswith(("low", "1_batch_norm"))
        assert (name in there and here[name].tobytes() == there[name].tobytes()) == frozen, name


def test_best_weights(runs: Path) -> None:
    source = {"from": str(runs.parent / "base.yaml"), "weights": "best", "layers": "low"}
    result = dllab.train(fine(runs, init_from=source), run_dir=runs)
    assert result.beginning is not None and result.beginning.origin is not None
    assert result.beginning.origin["taken"] == ["low"] and "test" not in result.beginning.origin
    there, _ = RunFolder(of_base(runs)[0]).read_arrays(BEST)
    assert np.array_equal(result.network.parameters["low.w"], there["low.w"])


@pytest.mark.parametrize("way", ["path", "name", "last"])
def test_a_run_as_source(runs: Path, way: str) -> None:
    base = dllab.train(runs.parent / "base.yaml", run_dir=runs).folder
    assert base is not None
    name = {"path": str(base), "name": base.name, "last": "last"}[way]
    result = dllab.train(fine(runs, init_from=name), run_dir=runs)
    assert result.document()["init_from"]["run"] == str(base)
    assert len(of_base(runs)) == 1


def test_nothing_is_kept_without_a_folder(runs: Path) -> None:
    kept = dllab.train(fine(runs), run_dir=runs)
    shutil.rmtree(runs)
    result = dllab.train(fine(runs), run_dir=runs, save=False)
    origin = result.document()["init_from"]
    assert not runs.exists() and origin["run"] is None and origin["sha256"] is None and "accuracy" in origin["test"]
    assert all(np.array_equal(a, kept.network.parameters[name]) for name, a in result.network.parameters.items())


def spoil(run: Path, how: str) -> None:
    """Make a run one that is no longer that of the recipe from beginning to end."""
    if how == "damaged":
        content = bytearray((run / WEIGHTS).read_bytes())
        content[-1] ^= 1
        (run / WEIGHTS).write_bytes(bytes(content))
        return
    status = json.loads((run / "run.json").read_text())
    changes: dict[str, dict[str, Any]] = {
        "interrupted": {"status": "interrupted"},
        "of another version": {"versions": {**status["versions"], "dllab": "0.0.1"}},
        "changed on the way": {"resumed": [{"step": 3, "changes": ["optimizer.adam.lr: 1 so far"]}]},
    }
    (run / "run.json").write_text(json.dumps({**status, **changes[how]}))


@pytest.mark.parametrize("how", ["damaged", "interrupted", "of another version", "changed on the way"])
def test_runs_that_do_not_count_as_trained(runs: Path, how: str) -> None:
    dllab.train(fine(runs), run_dir=runs)
    spoil(of_base(runs)[0], how)
    dllab.train(fine(runs), run_dir=runs)
    assert len(of_base(runs)) == 2


def test_another_seed_or_setting_is_another_recipe(runs: Path) -> None:
    dllab.train(fine(runs), run_dir=runs)
    (runs.parent / "base.yaml").write_text(BASE.replace("seed: 7", "seed: 8"))
    dllab.train(fine(runs), run_dir=runs)
    assert len(of_base(runs)) == 2
    (runs.parent / "base.yaml").write_text("# the same\n" + BASE.replace("seed: 7", "seed: 8"))
    dllab.train(fine(runs), run_dir=runs)
    assert len(of_base(runs)) == 2


def test_a_damaged_run_that_is_named_is_refused(runs: Path) -> None:
    base = dllab.train(runs.parent / "base.yaml", run_dir=runs).folder
    assert base is not None
    spoil(base, "damaged")
    with pytest.raises(RecipeError, match="its checksum does not fit"):
        dllab.train(fine(runs, init_from=str(base)), run_dir=runs)
    assert list(runs.iterdir()) == [base]


def test_what_cannot_fit_is_told_before_anything_is_trained(runs: Path) -> None:
    told: list[Event] = []
    for keys in ({"model": [{"dense": 5}, "tanh", {"dense": "classes"}]}, {"freeze": "nothing"}):
        changed = {**fine(runs), "freeze": [], "lr_factors": {}, **keys}
        with pytest.raises(RecipeError, match="fits"):
            dllab.train(changed, run_dir=runs, on_event=told.append)
    assert told == [] and not runs.exists()


def test_three_in_a_row(runs: Path) -> None:
    middle = BASE.replace("seed: 7", "seed: 8") + f"init_from: {runs.parent / 'base.yaml'}\n"
    (runs.parent / "middle.yaml").write_text(middle)
    result = dllab.train(fine(runs, init_from=str(runs.parent / "middle.yaml")), run_dir=runs)
    assert result.status == "finished" and len(list(runs.iterdir())) == 3
    (run,) = runs.glob("middle-*")
    assert RunFolder(run).read_status()["init_from"]["recipe"] == "base"


def test_a_stop_while_the_first_is_trained(runs: Path) -> None:
    def listen(event: Event) -> None:
        if isinstance(event, FirstTraining) and event.step:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        dllab.train(fine(runs), run_dir=runs, on_event=listen)
    (base,) = runs.iterdir()
    assert caught.value.result.folder == base and caught.value.result.status == "interrupted"
    assert dllab.resume(base).status == "finished"
    dllab.train(fine(runs), run_dir=runs)
    assert of_base(runs) == [base]


# ---- going on --------------------------------------------------------------------------------------------------------


def stopped(runs: Path, recipe: dict[str, Any]) -> Path:
    """A run that was stopped in the middle, whose source is gone."""

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.step >= 6:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        dllab.train(recipe, run_dir=runs, on_event=listen)
    (runs.parent / "base.yaml").unlink()
    shutil.rmtree(of_base(runs)[0])
    assert caught.value.result.folder is not None
    return caught.value.result.folder


def test_going_on_needs_no_source_and_comes_to_the_same_bits(runs: Path) -> None:
    recipe = fine(runs, train={"epochs": 6, "evaluate_every": 1})
    whole = dllab.train(recipe, run_dir=runs)
    told = stopped(runs, recipe)
    result = dllab.resume(told)
    assert result.folder is not None and whole.folder is not None
    assert (result.folder / WEIGHTS).read_bytes() == (whole.folder / WEIGHTS).read_bytes()
    origin = RunFolder(result.folder).read_status()["init_from"]
    assert origin == RunFolder(whole.folder).read_status()["init_from"] == result.document()["init_from"]


def test_the_net_is_used_without_its_source(runs: Path) -> None:
    run = stopped(runs, fine(runs))
    dllab.resume(run)
    opened = Opened(run)
    figures, _, same = opened.figures()
    assert same and figures == RunFolder(run).read_status()["final"]
    assert len(opened.predict(np.zeros((3, 2))).outputs) == 3


def test_layers_are_thawed_on_the_way(runs: Path) -> None:
    run = dllab.train(fine(runs), run_dir=runs).folder
    assert run is not None
    before, _ = RunFolder(run).read_arrays(WEIGHTS)
    result = dllab.resume(run, ["freeze=", "train.epochs=8"])
    after, _ = RunFolder(run).read_arrays(WEIGHTS)
    assert result.status == "finished" and "frozen" not in result.document()
    assert all(not np.array_equal(before[name], after[name]) for name in before)


def test_weights_cannot_be_taken_later(runs: Path) -> None:
    run = dllab.train(fine(runs), run_dir=runs).folder
    assert run is not None
    with pytest.raises(dllab.runs.disk.StoreError, match=r"init_from.* cannot change within a run"):
        Resumption(run, ["init_from=xor", "train.epochs=8"])


# ---- folds -----------------------------------------------------------------------------------------------------------


def test_all_folds_begin_with_the_same_weights(runs: Path) -> None:
    recipe = fine(runs, train={"epochs": 2, "folds": 3})
    one, two = (dllab.cross_validate(recipe, run_dir=runs, jobs=jobs) for jobs in (1, 2))
    assert len(of_base(runs)) == 1
    assert one.document()["init_from"]["taken"] == ["low", "1_batch_norm", "high"]
    assert [fold.figures for fold in one.folds] == [fold.figures for fold in two.folds]
    without = dllab.cross_validate({k: v for k, v in recipe.items() if k != "init_from"}, run_dir=runs)
    assert [fold.figures for fold in one.folds] != [fold.figures for fold in without.folds]
    assert "frozen" in without.document() and "init_from" not in without.document()


def test_started_tells_of_it(runs: Path) -> None:
    told: list[Event] = []
    dllab.train(fine(runs), run_dir=runs, on_event=told.append)
    (started,) = [event for event in told if isinstance(event, Started)]
    assert started.beginning is not None and started.beginning.frozen == ("low", "1_batch_norm")
