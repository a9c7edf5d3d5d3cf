"""Going on with a run: what is written when, what is refused, and what a refusal leaves behind."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

import dllab
from dllab.engine.pace import Pace
from dllab.runs import disk
from dllab.runs.disk import StoreError
from dllab.runs.opened import Opened
from dllab.runs.result import Interrupted
from dllab.runs.store import BEST, CHECKPOINT, RunFolder
from dllab.training.events import EpochEnd, Event, Progress

RECIPE: dict[str, Any] = {
    "data": {"name": "moons", "samples": 100, "validation": 0.2},
    "model": [{"dense": 8}, "tanh", {"dense": "classes"}],
    "train": {"epochs": 12, "batch": 10, "evaluate_every": 3},
}
STEPS_AN_EPOCH = 6


def at_step(step: int) -> Any:
    """A listener that presses Ctrl-C once that many steps are done."""

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.step >= step:
            raise KeyboardInterrupt

    return listen


def stopped(tmp_path: Path, recipe: dict[str, Any], step: int) -> Path:
    """A run that was stopped at about a step."""
    with pytest.raises(Interrupted) as caught:
        dllab.train(recipe, run_dir=tmp_path, on_event=at_step(step))
    assert caught.value.result.folder is not None
    return caught.value.result.folder


def test_checkpoints_are_due_at_the_same_epochs_after_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "steps", lambda self: 1)
    kept: list[int] = []
    write = RunFolder.write_arrays

    def writing(self: RunFolder, name: str, arrays: Any, facts: Any) -> None:
        if name == CHECKPOINT:
            kept.append(facts["state"]["step"])
        write(self, name, arrays, facts)

    recipe = {**RECIPE, "train": {**RECIPE["train"], "checkpoint": 5}}
    monkeypatch.setattr(RunFolder, "write_arrays", writing)
    dllab.train(recipe, run_dir=tmp_path / "whole")
    due = [5 * STEPS_AN_EPOCH, 10 * STEPS_AN_EPOCH, 12 * STEPS_AN_EPOCH]
    assert kept == due
    kept.clear()
    middle = 4 * STEPS_AN_EPOCH + 2  # of the fifth epoch
    folder = stopped(tmp_path / "stopped", recipe, middle)
    dllab.resume(folder)
    assert kept == [middle, *due]


def test_a_resume_that_cannot_write_gives_the_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stopped(tmp_path, RECIPE, 20)
    with monkeypatch.context() as patched:

        def full(*arguments: Any) -> None:
            raise OSError(28, "No space left on device")

        patched.setattr(disk.os, "ftruncate", full)
        with pytest.raises(StoreError, match="No space left"):
            dllab.resume(folder)
    assert dllab.resume(folder).status == "finished"


def test_two_at_once(tmp_path: Path) -> None:
    folder = stopped(tmp_path, RECIPE, 20)
    refused: list[str] = []

    def meanwhile(event: Event) -> None:
        if isinstance(event, EpochEnd) and not refused:
            with pytest.raises(StoreError) as caught:
                dllab.resume(folder)
            refused.append(str(caught.value))

    assert dllab.resume(folder, on_event=meanwhile).status == "finished"
    assert "in use" in refused[0]


def test_in_a_thread_that_is_not_the_main_one(tmp_path: Path) -> None:
    whole = dllab.train(RECIPE, run_dir=tmp_path / "whole")
    folder = stopped(tmp_path / "stopped", RECIPE, 20)
    results: list[dllab.Result] = []
    thread = threading.Thread(target=lambda: results.append(dllab.resume(folder)))
    thread.start()
    thread.join()
    assert results[0].metrics == whole.metrics


def test_a_run_of_folds_has_no_net(tmp_path: Path) -> None:
    result = dllab.cross_validate({**RECIPE, "train": {"epochs": 2, "folds": 2}}, run_dir=tmp_path)
    assert result.folder is not None
    for use in (dllab.resume, Opened):
        with pytest.raises(StoreError, match=r"figures and no net\n  .*: dllab train .*train.folds="):
            use(result.folder)


def test_stopped_early_and_killed_before_it_was_told(tmp_path: Path) -> None:
    """The last checkpoint says that patience is used up, run.json that the run is under way: its end is still due."""
    recipe = {**RECIPE, "train": {"epochs": 60, "batch": 10, "early_stop": {"patience": 1, "min_delta": 1.0}}}
    whole = dllab.train(recipe, run_dir=tmp_path)
    assert whole.folder is not None and whole.status == "stopped"
    before = (whole.folder / "weights.safetensors").read_bytes()
    with pytest.raises(StoreError, match="was stopped early"):
        dllab.resume(whole.folder)
    told = json.loads((whole.folder / "run.json").read_text())
    (whole.folder / "run.json").write_text(json.dumps({**told, "status": "running"}))
    (whole.folder / "weights.safetensors").unlink()
    result = dllab.resume(whole.folder)
    assert (result.status, result.metrics) == ("stopped", whole.metrics)
    assert (whole.folder / "weights.safetensors").read_bytes() == before


def test_the_best_stays_the_best_where_an_improvement_is_to_be_larger(tmp_path: Path) -> None:
    """Another least change than before: the weights of the best evaluation are not forgotten."""
    recipe = {**RECIPE, "optimizer": {"adam": 0.05}, "train": {**RECIPE["train"], "checkpoint": {"best": True}}}
    folder = dllab.train(recipe, run_dir=tmp_path).folder
    assert folder is not None
    before, told = RunFolder(folder).read_arrays(BEST)
    result = dllab.resume(folder, {"train.epochs": 15, "train.early_stop": {"patience": 9, "min_delta": 50.0}})
    assert result.best_epoch == told["steps"] // STEPS_AN_EPOCH
    after, _ = RunFolder(folder).read_arrays(BEST)
    assert {name: array.tobytes() for name, array in after.items()} == {name: a.tobytes() for name, a in before.items()}


def test_patience_that_is_used_up_already(tmp_path: Path) -> None:
    recipe = {**RECIPE, "optimizer": {"sgd": 1e-9}, "train": {**RECIPE["train"], "checkpoint": {"best": True}}}
    folder = dllab.train(recipe, run_dir=tmp_path).folder
    assert folder is not None
    kept = RunFolder(folder).read_arrays(CHECKPOINT)[1]["state"]["best"]["waited"]
    assert kept > 0
    with pytest.raises(StoreError, match=f"would stop at once: no better loss for {kept} evaluations"):
        dllab.resume(folder, {"train.epochs": 15, "train.early_stop": 1})


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "weights.safetensors", "run.json"])
def test_ctrl_c_in_the_last_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The run comes to its end, and the caller learns of the key with the result in hand."""
    replace = disk.os.replace

    def pressed(source: Path, target: Path) -> None:
        replace(source, target)
        if target.name == name and json.loads((target.parent / "run.json").read_text())["status"] == "finished":
            signal.raise_signal(signal.SIGINT)

    def pressed_before(source: Path, target: Path) -> None:
        if target.name == name:
            signal.raise_signal(signal.SIGINT)
        replace(source, target)

    monkeypatch.setattr(disk.os, "replace", pressed if name == "run.json" else pressed_before)
    with pytest.raises(Interrupted) as caught:
        dllab.train({**RECIPE, "train": {"epochs": 2}}, run_dir=tmp_path)
    monkeypatch.undo()
    result = caught.value.result
    assert result.folder is not None
    told = json.loads((result.folder / "run.json").read_text())
    assert told["status"] == result.status == ("interrupted" if name == CHECKPOINT else "finished")
    assert (result.folder / "weights.safetensors").exists()
    if name == CHECKPOINT:
        assert dllab.resume(result.folder).status == "finished"


def test_what_diverged_once_is_not_tried_again(tmp_path: Path) -> None:
    """Also where the change that made it diverge stands in recipe.yaml by now."""
    recipe = {
        "data": {"name": "function", "samples": 60},
        "model": [{"dense": 4}, {"dense": "outputs"}],
        "loss": "mse",
        "optimizer": {"sgd": 0.01},
        "train": {"epochs": 3, "batch": 15},
    }
    folder = dllab.train(recipe, run_dir=tmp_path).folder
    assert folder is not None
    wild = {"train.epochs": 30, "optimizer.lr": 1000.0}
    assert dllab.resume(folder, wild).status == "diverged"
    for changes in ({}, wild, {"expect": {"train_loss": 1.0}}):
        with pytest.raises(StoreError, match=r"diverged, and would again\n  change what comes"):
            dllab.resume(folder, changes)
    assert dllab.resume(folder, {"optimizer.lr": 900.0}).status == "diverged"
    assert dllab.resume(folder, {"optimizer.lr": 0.01}).status == "finished"


def test_what_the_user_wrote_beside_the_recipe_stays(tmp_path: Path) -> None:
    """Without changes recipe.yaml is not written again; with changes it says what counts from then on."""
    result = dllab.train("xor", train__epochs=4, run_dir=tmp_path)
    assert result.folder is not None
    path = result.folder / "recipe.yaml"
    path.write_text("# mine\n" + path.read_text().replace("epochs: 4", "epochs: 6"))
    assert dllab.resume(result.folder).epochs == 6
    assert path.read_text().startswith("# mine\n")
    assert dllab.resume(result.folder, train__epochs=8).epochs == 8
    assert "epochs: 8" in path.read_text()


def test_classes_of_other_names_are_other_data(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(20)))
    recipe = {"data": {"csv": str(table), "target": "y"}, "model": [{"dense": "classes"}], "train": {"epochs": 2}}
    result = dllab.train(recipe, run_dir=tmp_path)
    assert result.folder is not None
    table.write_text("a,y\n" + "".join(f"{i},{('blue', 'red')[i % 2]}\n" for i in range(20)))
    with pytest.raises(StoreError, match="its data are not what they were"):
        dllab.resume(result.folder, train__epochs=4)
