"""Runs replayed: the same bits again, or the first place at which they differ, and what has changed."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dllab
from dllab.cli.new import _text
from dllab.lab.cross_validate import FoldEnd, FoldEvent, FoldsInterrupted, FoldsStarted, cross_validate
from dllab.lab.run_records import record_of
from dllab.lab.verification import KNOWABLE, Verification, first_difference
from dllab.lab.verify import verify
from dllab.lab.verify_member import verify_member
from dllab.recipe import RecipeError, load
from dllab.runs.data_file import digest
from dllab.runs.disk import Lock, StoreError
from dllab.runs.machine import surroundings
from dllab.runs.metrics_log import plain
from dllab.runs.result import Interrupted
from dllab.runs.store import CHECKPOINT, WEIGHTS, RunFolder
from dllab.training.events import EpochEnd, Event, Finished, Progress
from dllab.training.trainer import Trainer

RECIPE: dict[str, Any] = {
    "data": {"name": "moons", "samples": 60, "validation": 0.2},
    "model": [{"dense": 4}, "batch_norm", "tanh", {"dropout": 0.1}, {"dense": "classes"}],
    "optimizer": {"adam": {"lr": 0.02}},
    "train": {"epochs": 6, "batch": 16},
}


def trained(root: Path, recipe: dict[str, Any] = RECIPE, **options: Any) -> Path:
    """The folder of a run of its own."""
    result = dllab.train(recipe, run_dir=root, **options)
    assert result.folder is not None
    return result.folder


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs that differ in seed."""
    root: Path = tmp_path_factory.mktemp("runs")
    for seed in (0, 1):
        trained(root, seed=seed).rename(root / f"seed-{seed}")
    return root


@pytest.fixture
def run(root: Path, tmp_path: Path) -> Path:
    """A copy of the first."""
    return Path(shutil.copytree(root / "seed-0", tmp_path / "run"))


def rewritten(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_a_run_comes_to_the_same_bits(run: Path) -> None:
    found = verify(run)
    assert found.same and found.first is None and found.changed == () and found.notes == ()
    assert (found.evaluations, found.numbers) == (6, 2 * 4 + 4 + 4 * 4 + 4 * 2 + 2)
    assert found.sha256 == verify(run).sha256


def test_weights_of_another_seed(run: Path, root: Path) -> None:
    shutil.copy(root / "seed-1" / WEIGHTS, run / WEIGHTS)
    found = verify(run)
    assert not found.same and found.evaluations == 6 and found.sha256 is None
    assert found.first is not None and found.first.what.startswith("0_dense.w[0, 0]") and found.first.epoch is None
    assert found.changed == ()


def test_a_whole_run_of_another_seed_under_this_recipe(run: Path, root: Path) -> None:
    for name in (WEIGHTS, "metrics.jsonl"):
        shutil.copy(root / "seed-1" / name, run / name)
    found = verify(run)
    assert found.first is not None
    assert (found.first.what, found.first.epoch, found.first.step) == ("loss", 1, 3)


def test_one_figure_of_one_evaluation(run: Path) -> None:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    line = json.loads(lines[3])
    line["validation"]["loss"] += 1e-15
    lines[3] = json.dumps(line)
    (run / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    found = verify(run)
    assert found.first is not None and found.evaluations == 3
    assert (found.first.what, found.first.epoch, found.first.then) == ("validation loss", 4, line["validation"]["loss"])


def test_evaluations_that_are_missing(run: Path) -> None:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    (run / "metrics.jsonl").write_text("\n".join(lines[:4]) + "\n")
    found = verify(run)
    assert found.first is not None and (found.first.what, found.first.then, found.first.epoch) == ("evaluations", 4, 5)


def test_a_recipe_that_was_edited_since(run: Path) -> None:
    recipe = run / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("lr: 0.02", "lr: 0.03"))
    found = verify(run)
    assert found.first is not None and (found.first.what, found.first.epoch) == ("loss", 1)
    assert found.changed == ("recipe.yaml: optimizer.adam.lr 0.02 then, 0.03 now",)


def test_what_has_changed_is_told_even_if_it_changes_no_bit(run: Path) -> None:
    rewritten(run / "run.json", lambda told: told["versions"].update(numba="0.60.0"))
    rewritten(run / "run.json", lambda told: told["machine"].update(processor="Z80"))
    found = verify(run)
    here = surroundings()
    assert found.same
    assert found.changed == (
        f"numba 0.60.0 then, {here['versions']['numba']} now", f"processor Z80 then, {here['machine']['processor']} now",
    )  # fmt: skip


def test_data_that_are_not_what_they_were(tmp_path: Path) -> None:
    rows = "".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(40))
    (tmp_path / "t.csv").write_text("a,b,y\n" + rows)
    recipe = {
        "data": {"csv": str(tmp_path / "t.csv"), "target": "y"},
        "model": [{"dense": "classes"}],
        "train": {"epochs": 2},
    }
    run = trained(tmp_path / "runs", recipe)
    assert verify(run).same
    (tmp_path / "t.csv").write_text("a,b,y\n" + rows.replace("6,", "8,"))
    found = verify(run)
    assert not found.same and found.changed == ("the data are not what they were",)


def test_a_run_that_diverged(tmp_path: Path) -> None:
    wild = {"data": "function", "model": [{"dense": 8}, "relu", {"dense": 1}], "loss": "mse", "optimizer": {"sgd": 1e5}}
    run = trained(tmp_path, {**wild, "train": {"epochs": 6, "batch": 16}})
    assert json.loads((run / "run.json").read_text())["status"] == "diverged"
    assert verify(run).same
    rewritten(run / "run.json", lambda told: told["diverged"].update(step=99))
    found = verify(run)
    assert found.first is not None and (found.first.what, found.first.then) == ("divergence: step", 99)


def test_a_run_that_was_stopped_early(tmp_path: Path) -> None:
    run = trained(
        tmp_path, {**RECIPE, "train": {"epochs": 60, "batch": 16, "early_stop": {"patience": 2, "min_delta": 0.2}}}
    )
    assert json.loads((run / "run.json").read_text())["status"] == "stopped"
    assert verify(run).same


def interrupted(root: Path) -> Path:
    """A run that ends in the middle of its fourth epoch."""

    def press(event: Event) -> None:
        if isinstance(event, EpochEnd) and event.epoch == 4:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        dllab.train(RECIPE, run_dir=root, on_event=press)
    assert caught.value.result.folder is not None
    return caught.value.result.folder


def test_a_run_that_was_interrupted_and_one_that_was_killed(tmp_path: Path) -> None:
    run = interrupted(tmp_path)
    found = verify(run)
    assert found.same and found.evaluations == 4 and found.numbers > 0
    assert found.notes == ("it was interrupted: what there is of it, 12 steps, was replayed",)
    (run / WEIGHTS).unlink()
    rewritten(run / "run.json", lambda told: told.update(status="running"))
    found = verify(run)
    assert (found.same, found.evaluations, found.numbers) == (True, 4, 0)
    (run / "metrics.jsonl").write_text("")
    with pytest.raises(StoreError, match="there is nothing to compare"):
        verify(run)


def test_a_run_that_was_resumed_is_that_of_one_go(tmp_path: Path) -> None:
    run = interrupted(tmp_path)
    dllab.resume(run)
    found = verify(run)
    assert found.same and found.evaluations == 6
    assert found.notes == ("it was resumed at step 12: here it was trained in one go",)
    dllab.resume(run, ["train.epochs=8", "about=x"])
    with pytest.raises(StoreError, match="cannot be replayed: it was changed on its way, at step 18"):
        verify(run)


def test_a_run_in_use_is_refused(run: Path) -> None:
    lock = Lock(run)
    with pytest.raises(StoreError, match="is being trained at this moment"):
        verify(run)
    lock.release()


def test_weights_taken_from_another_run(tmp_path: Path) -> None:
    first = trained(tmp_path, {**RECIPE, "model": [{"dense": 4}, "tanh", {"dense": "classes"}]})
    recipe = {**RECIPE, "model": [{"dense": 4}, "tanh", {"dense": "classes"}], "init_from": str(first)}
    second = trained(tmp_path, recipe)
    assert verify(second, tmp_path).same
    other = trained(tmp_path, {**RECIPE, "model": [{"dense": 4}, "tanh", {"dense": "classes"}]}, seed=5)
    shutil.copy(other / WEIGHTS, first / WEIGHTS)
    found = verify(second, tmp_path)
    assert not found.same and found.changed == ("the weights it began with are not what they were",)


def test_folds(tmp_path: Path) -> None:
    recipe = {**RECIPE, "data": {"name": "moons", "samples": 60}, "train": {"epochs": 2, "batch": 16}}
    result = cross_validate(recipe, folds=3, run_dir=tmp_path)
    assert result.folder is not None
    found = verify(result.folder)
    assert (found.same, found.evaluations, found.numbers) == (True, 3, 0)
    rewritten(result.folder / "run.json", lambda told: told["folds"][1]["figures"]["test"].update(accuracy=0.125))
    found = verify(result.folder)
    assert found.first is not None and found.first.what == "fold 2 of repeat 1: figures test accuracy"


def of_folds(root: Path, **options: Any) -> Path:
    """A run of three folds."""
    recipe = {**RECIPE, "data": {"name": "moons", "samples": 60}, "train": {"epochs": 2, "batch": 16}}
    folder = cross_validate({**recipe, **options.pop("changes", {})}, folds=3, run_dir=root, **options).folder
    assert folder is not None
    return folder


def test_folds_of_a_recipe_that_was_edited_since(tmp_path: Path) -> None:
    run = of_folds(tmp_path)
    recipe = run / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("epochs: 2", "epochs: 1"))
    found = verify(run)
    assert not found.same and found.changed == ("recipe.yaml: train.epochs 2 then, 1 now",)
    recipe.write_text(recipe.read_text().replace("samples: 60", "samples: 66"))
    found = verify(run)
    assert "the data are not what they were" in found.changed and found.known == KNOWABLE


def test_of_a_run_that_kept_nothing_to_compare_with_nothing_is_said(tmp_path: Path) -> None:
    """Neither that something is as it was, nor that it is not."""
    run = of_folds(tmp_path)
    rewritten(run / "run.json", lambda told: [told.pop(key) for key in ("recipe_yaml", "data", "versions", "machine")])
    recipe = run / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("epochs: 2", "epochs: 1"))
    found = verify(run)
    assert not found.same and (found.changed, found.known) == ((), ())
    single = trained(tmp_path, {**RECIPE, "train": {**RECIPE["train"], "checkpoint": {"last": False}}})
    assert verify(single).known == ("versions", "processor", "data")


def test_folds_that_were_interrupted(tmp_path: Path) -> None:
    def press(after: int) -> Callable[[FoldEvent], None]:
        def listen(event: FoldEvent) -> None:
            if isinstance(event, FoldEnd if after else FoldsStarted) and getattr(event, "number", 0) == after:
                raise KeyboardInterrupt

        return listen

    with pytest.raises(FoldsInterrupted) as caught:
        of_folds(tmp_path, on_event=press(0))
    assert caught.value.result.folder is not None and caught.value.result.folds == ()
    with pytest.raises(StoreError, match="ended before its first fold was: there is nothing to compare"):
        verify(caught.value.result.folder)
    with pytest.raises(FoldsInterrupted) as caught:
        of_folds(tmp_path, on_event=press(1), jobs=1)
    run = caught.value.result.folder
    assert run is not None and 1 <= len(caught.value.result.folds) < 3
    found = verify(run)
    assert found.same and found.evaluations == len(caught.value.result.folds)
    assert "it was ended early" in found.notes[1]
    rewritten(run / "run.json", lambda told: told["folds"][0]["figures"]["test"].update(accuracy=0.125))
    assert not verify(run).same


def test_folds_that_were_killed_stand_in_their_journal(tmp_path: Path) -> None:
    run = of_folds(tmp_path)
    lines = (run / "metrics.jsonl").read_text().splitlines()
    rewritten(run / "run.json", lambda told: told.update(status="running", folds=[]))
    (run / "metrics.jsonl").write_text("\n".join(lines[:2]) + "\n")
    found = verify(run)
    assert found.same and found.evaluations == 2
    line = json.loads(lines[1])
    line["test"]["accuracy"] = 0.125
    (run / "metrics.jsonl").write_text(f"{lines[0]}\n{json.dumps(line)}\n")
    found = verify(run)
    assert found.first is not None and found.first.what == "fold 2 of repeat 1: figures test accuracy"
    (run / "metrics.jsonl").write_text("")
    with pytest.raises(StoreError, match="nothing to compare"):
        verify(run)


def test_folds_become_one_training_and_one_training_folds(tmp_path: Path) -> None:
    folds, single = of_folds(tmp_path), trained(tmp_path)
    texts = [(run / "recipe.yaml").read_text() for run in (folds, single)]
    for run, text in zip((folds, single), reversed(texts)):
        (run / "recipe.yaml").write_text(text)
        with pytest.raises(StoreError, match=r"cannot be replayed: it is .* and recipe.yaml asks for"):
            verify(run)


def test_folds_begin_with_the_weights_they_began_with(tmp_path: Path) -> None:
    """Of the run that their folder names, or that name in the folder of runs that is given."""
    model = {"model": [{"dense": 4}, "tanh", {"dense": "classes"}]}
    trained(tmp_path, {**RECIPE, **model}).rename(tmp_path / "first")
    run = of_folds(tmp_path, changes={**model, "init_from": "first"})
    assert verify(run, tmp_path).same
    rewritten(run / "run.json", lambda told: told["init_from"].pop("run"))
    assert verify(run, tmp_path).same
    other = trained(tmp_path, {**RECIPE, **model}, seed=5)
    shutil.copy(other / WEIGHTS, tmp_path / "first" / WEIGHTS)
    found = verify(run, tmp_path)
    assert not found.same and found.changed == ("the weights it began with are not what they were",)


# ---- files of the user's own -------------------------------------------------------------------------------------------


def with_file(tmp_path: Path, train: Callable[[dict[str, Any]], Path]) -> tuple[Path, Path]:
    """A run of a recipe with a file of its own, and that file."""
    own = tmp_path / "mine.py"
    own.write_text(_text("layer", "mine"))
    return train({**RECIPE, "use": [str(own)], "model": [{"dense": 4}, "mine", {"dense": "classes"}]}), own


def without_use(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("use:"))


def test_nothing_that_a_checkpoint_names_is_run(tmp_path: Path) -> None:
    """Its recipe is for no eye to see: recipe.yaml, which may be read, says which files are run, and trust whether."""
    run, _ = with_file(tmp_path, lambda recipe: trained(tmp_path / "runs", recipe, trust=True))
    clean = trained(tmp_path / "runs")
    ran, evil = tmp_path / "ran", tmp_path / "evil.py"
    evil.write_text(f"open({str(ran)!r}, 'w').close()\n")
    for one in (clean, run):
        arrays, facts = RunFolder(one).read_arrays(CHECKPOINT)
        text = f"use: [{evil}]\n" + without_use(facts["recipe"])
        RunFolder(one).write_arrays(CHECKPOINT, arrays, {**facts, "recipe": text})
    for trust in (False, True):
        assert verify(clean, trust=trust).same
    assert verify(run, trust=True).same
    with pytest.raises(RecipeError, match="runs files of its own"):
        verify(run)
    for one in (clean, run):
        with contextlib.suppress(StoreError):
            dllab.resume(one, ["train.epochs=7"], trust=True)
    assert not ran.exists()


def test_a_recipe_whose_own_file_was_taken_out(tmp_path: Path) -> None:
    run, _ = with_file(tmp_path, lambda recipe: trained(tmp_path / "runs", recipe, trust=True))
    recipe = run / "recipe.yaml"
    recipe.write_text(without_use(recipe.read_text()).replace("mine: {start: 1.0}", "tanh"))
    found = verify(run)
    assert not found.same and found.changed[0].startswith("recipe.yaml: not what was trained, which cannot be used here: ")


@pytest.mark.parametrize("kind", ["run", "folds", "member"])
def test_a_file_of_ones_own_that_has_changed(tmp_path: Path, kind: str) -> None:
    def train(recipe: dict[str, Any]) -> Path:
        if kind == "run":
            return trained(tmp_path / "runs", recipe, trust=True)
        if kind == "folds":
            return of_folds(tmp_path / "runs", changes={k: recipe[k] for k in ("use", "model")}, trust=True)
        return sweep(tmp_path / "runs", recipe)

    (tmp_path / "runs").mkdir()
    run, own = with_file(tmp_path, train)
    verified = (lambda: replayed(run, 4, trust=True)) if kind == "member" else lambda: verify(run, trust=True)
    assert verified().changed == ()
    own.write_text(own.read_text() + "\nSPEED = 2\n")
    found = verified()
    assert found.same and found.changed == (f"the file {own} is not what it was",)


# ---- members of sweeps -------------------------------------------------------------------------------------------------


def sweep(root: Path, given: dict[str, Any] = RECIPE) -> Path:
    """A sweep of one member, as `dllab sweep` keeps it."""
    recipe = load(given, trust=True)
    folder = root / "sweep-moons-20261125-110000"
    folder.mkdir(parents=True)
    one = load(given, ["optimizer.lr=0.1"], trust=True)
    trainer = Trainer(one, seed=3)
    end = next(event for event in trainer.events() if isinstance(event, Finished))
    plan = {"recipe": "moons", "recipe_yaml": recipe.to_yaml(), "data": digest(trainer.data), "used": recipe.used,
            **surroundings()}  # fmt: skip
    line = {"index": 4, "overrides": ["optimizer.lr=0.1"], "seed": 3, "status": end.status, "steps": end.steps,
            "final": plain(end.figures), "seconds": 0.1, "error": None}  # fmt: skip
    failed = {**line, "index": 5, "status": "failed", "final": {}, "error": "no such unit"}
    (folder / "sweep.json").write_text(json.dumps(plan))
    (folder / "members.jsonl").write_text("".join(json.dumps(one) + "\n" for one in (line, failed)))
    return folder


def replayed(folder: Path, number: int, trust: bool = False) -> Verification:
    return verify_member(record_of(f"{folder}:{number}"), None, trust=trust)


def test_a_member_of_a_sweep(tmp_path: Path) -> None:
    folder = sweep(tmp_path)
    found = replayed(folder, 4)
    assert found.same and found.numbers == 6 and found.changed == ()
    with pytest.raises(StoreError, match="failed, so there is nothing to compare"):
        replayed(folder, 5)
    text = (folder / "members.jsonl").read_text()
    (folder / "members.jsonl").write_text(text.replace('"steps": 18', '"steps": 17'))
    found = replayed(folder, 4)
    assert found.first is not None and (found.first.then, found.first.now) == (
        "finished after 17 steps",
        "finished after 18 steps",
    )
    (folder / "members.jsonl").write_text(text.replace('"seed": 3', '"seed": 4'))
    found = replayed(folder, 4)
    assert found.first is not None and found.first.what == "train loss"
    (folder / "sweep.json").write_text("{}")
    with pytest.raises(StoreError, match="no plan of a sweep"):
        replayed(folder, 4)


# ---- lines -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "now", "what"),
    [
        ({"a": 1.0, "seconds": 1}, {"a": 1.0, "seconds": 2}, None),
        ({"a": 1}, {"a": 1.0}, "a"),
        ({"a": None}, {}, "a"),
        ({"a": {"b_c": [1, 2]}}, {"a": {"b_c": [1, 3]}}, "a b c[1]"),
        ({}, {"a": True}, "a"),
    ],
)
def test_the_first_difference_of_two_lines(then: dict[str, Any], now: dict[str, Any], what: str | None) -> None:
    found = first_difference(then, now)
    assert (None if found is None else found.what) == what


def test_progress_is_told(run: Path) -> None:
    events: list[object] = []
    verify(run, on_event=events.append)
    assert any(isinstance(event, Progress) for event in events)
