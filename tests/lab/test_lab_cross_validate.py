"""Cross-validation: the same bits for any number of threads, each fold a training like any other, honest sums."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.core.settings import jit_enabled
from dllab.engine import executor
from dllab.engine.prepare import folds_of
from dllab.lab import cross_validate as lab
from dllab.lab.cross_validate import FoldEnd, FoldsInterrupted, FoldsProgress, FoldsStarted, cross_validate
from dllab.lab.fold_results import CrossValidation, FoldResult
from dllab.recipe import RecipeError, load
from dllab.runs.disk import StoreError
from dllab.runs.store import RunFolder
from dllab.training.events import Finished
from dllab.training.trainer import Trainer

SMALL: dict[str, Any] = {
    "data": {"name": "moons", "samples": 60, "standardise": True},
    "model": [{"dense": 4}, "tanh", {"dropout": 0.1}, {"dense": "classes"}],
    "loss": "cross_entropy",
    "optimizer": {"adam": 0.02},
    "metrics": ["accuracy", "f1", "confusion_matrix"],
    "train": {"epochs": 3, "batch": 16, "folds": {"count": 5, "repeats": 2}},
}
NUMBERS = {
    "data": {"name": "function", "samples": 50},
    "model": [{"dense": 4}, "tanh", {"dense": 1}],
    "loss": "mse",
    "train": {"epochs": 2, "folds": 4},
}
WILD = {
    **NUMBERS, "optimizer": {"sgd": 1e5}, "model": [{"dense": 4}, "relu", {"dense": 1}],
    "train": {"epochs": 30, "folds": 4},
}  # fmt: skip


def told(result: CrossValidation) -> str:
    """All of the result that must not depend on the machine's pace."""
    folds = [{k: v for k, v in fold.document().items() if k != "seconds"} for fold in result.folds]
    return json.dumps({"mean": result.mean, "sd": result.sd, "repeats": result.repeat_means, "folds": folds})


@pytest.mark.parametrize("recipe", [SMALL, NUMBERS], ids=["classes", "numbers"])
def test_any_number_of_threads_gives_the_same_bits(recipe: dict[str, Any]) -> None:
    results = [cross_validate(recipe, jobs=jobs, save=False) for jobs in (1, 2, 4)]
    assert [result.jobs for result in results] == [1, 2, 4]
    assert len({told(result) for result in results}) == 1


def test_another_seed_gives_other_figures() -> None:
    assert cross_validate(SMALL, seed=1, save=False).mean != cross_validate(SMALL, seed=2, save=False).mean


def test_a_fold_is_a_single_training_on_that_split() -> None:
    recipe = load(SMALL)
    result = cross_validate(recipe, save=False)
    folds = folds_of(recipe)
    for number in (0, 4, 7):
        *_, last = Trainer(recipe, seed=result.folds[number].seed, data=folds.prepared(number)).events()
        assert isinstance(last, Finished)
        assert last.figures == result.folds[number].figures
    assert len({fold.seed for fold in result.folds}) == 10


def test_early_stopping_watches_rows_outside_the_fold() -> None:
    recipe = {**SMALL, "train": {"epochs": 40, "folds": 4, "early_stop": 2}}
    with pytest.raises(RecipeError, match="early_stop needs a validation split"):
        cross_validate(recipe, save=False)
    result = cross_validate(recipe, {"data.validation": 0.2}, save=False)
    assert all(fold.rows == {"train": 33, "validation": 12, "test": 15} for fold in result.folds)
    assert all(fold.best_epoch is not None for fold in result.folds)
    assert set(result.mean) == {"train", "validation", "test"}


def test_means_and_deviations_are_those_of_numpy() -> None:
    result = cross_validate(SMALL, save=False)
    for split in ("train", "test"):
        for name in ("loss", "accuracy", "f1"):
            figures = np.array([fold.figures[split][name] for fold in result.folds])
            assert result.mean[split][name] == pytest.approx(figures.mean(), rel=1e-12)
            assert result.sd[split][name] == pytest.approx(figures.std(ddof=1), rel=1e-12)
            by_repeat = figures.reshape(2, 5).mean(axis=1)
            assert [result.repeat_means[r][split][name] for r in (1, 2)] == pytest.approx(by_repeat, rel=1e-12)
            assert result.sd_of_repeats[split][name] == pytest.approx(by_repeat.std(ddof=1), rel=1e-12)
    assert "confusion_matrix" not in result.mean["test"]
    matrices = [fold.figures["test"]["confusion_matrix"] for fold in result.folds]
    assert np.sum(matrices) == 2 * 60  # every row is judged once in a repeat


def test_events_come_in_order_in_the_callers_thread() -> None:
    events: list[Any] = []
    here = threading.current_thread()

    def listen(event: Any) -> None:
        assert threading.current_thread() is here
        events.append(event)

    result = cross_validate(SMALL, jobs=4, save=False, on_event=listen)
    ends = [event for event in events if isinstance(event, FoldEnd)]
    assert [end.result for end in ends] == list(result.folds)
    assert [end.number for end in ends] == list(range(1, 11))
    (started,) = (event for event in events if isinstance(event, FoldsStarted))
    assert started.rows == {"train": 48, "test": 12} == ends[0].result.rows
    progress = [event.work for event in events if isinstance(event, FoldsProgress)]
    assert progress[-1] == 10
    assert all(0 <= work <= 10 for work in progress)


def test_divergence_is_told_and_left_out(tmp_path: Path) -> None:
    result = cross_validate(WILD, run_dir=tmp_path)
    assert result.status == "diverged" and result.counted == () and result.mean == {} and result.sd == {}
    assert all(fold.status == "diverged" and fold.diverged is not None for fold in result.folds)
    assert result.folder is not None
    kept = json.loads((result.folder / "run.json").read_text())
    assert kept["status"] == "diverged" and kept["folds"][0]["diverged"]["layer"]


def test_one_diverged_fold_spoils_no_mean() -> None:
    folds = [fold_of(n, {"test": {"loss": float(n), "accuracy": 1.0}}) for n in (1, 2, 3)]
    folds[1] = FoldResult(1, 2, 0, "diverged", 1, 1, 0.1, {}, {"test": {"loss": np.nan, "accuracy": 0.0}})
    recipe = load({**SMALL, "expect": {"test_accuracy": 0.9}})
    result = CrossValidation(recipe, 0, "diverged", 3, 1, 60, tuple(folds), 1.0, 1)
    assert result.mean == {"test": {"loss": 2.0, "accuracy": 1.0}}
    assert result.sd["test"]["loss"] == pytest.approx(np.sqrt(2.0))
    assert result.repeat_means == {}
    assert [figure.met for figure in result.expectations] == [False]


def fold_of(number: int, figures: dict[str, Any]) -> FoldResult:
    return FoldResult(1, number, number, "finished", 3, 9, 0.1, {"train": 40, "test": 20}, figures)


def test_expectations_are_of_the_mean() -> None:
    low = cross_validate(SMALL, {"expect": {"test_accuracy": 0.1, "test_loss": 0.0}}, save=False)
    assert [(figure.name, figure.met) for figure in low.expectations] == [("test_accuracy", True), ("test_loss", False)]
    assert low.expectations[0].reached == low.mean["test"]["accuracy"]


def test_the_folder_holds_recipe_folds_and_status(tmp_path: Path) -> None:
    result = cross_validate(SMALL, run_dir=tmp_path)
    assert result.folder is not None and result.folder.parent == tmp_path
    kept = json.loads((result.folder / "run.json").read_text())
    assert kept.items() >= result.document().items()
    lines = [json.loads(line) for line in (result.folder / "metrics.jsonl").read_text().splitlines()]
    assert [(line["repeat"], line["fold"]) for line in lines] == [(r, f) for r in (1, 2) for f in range(1, 6)]
    assert [line["test"]["accuracy"] for line in lines] == [fold.figures["test"]["accuracy"] for fold in result.folds]
    again = cross_validate(result.folder / "recipe.yaml", save=False)
    assert told(again) == told(result)


def test_ctrl_c_keeps_the_folds_that_ended(tmp_path: Path) -> None:
    def press(event: Any) -> None:
        if isinstance(event, FoldEnd) and event.number == 3:
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(FoldsInterrupted) as stopped:
        cross_validate(SMALL, {"train.folds.repeats": 200}, jobs=2, run_dir=tmp_path, on_event=press)
    result = stopped.value.result
    assert result.status == "interrupted" and 3 <= len(result.folds) < 1000
    assert result.expectations == ()
    assert result.folder is not None
    kept = json.loads((result.folder / "run.json").read_text())
    assert kept["status"] == "interrupted" and len(kept["folds"]) == len(result.folds)
    assert len((result.folder / "metrics.jsonl").read_text().splitlines()) == len(result.folds)
    assert threading.active_count() == before


def test_ctrl_c_does_not_wait_for_a_long_training() -> None:
    def press(event: Any) -> None:
        if isinstance(event, FoldsProgress):
            raise KeyboardInterrupt

    with pytest.raises(FoldsInterrupted) as stopped:
        cross_validate(SMALL, {"train.epochs": 10**9}, save=False, on_event=press)
    assert stopped.value.result.folds == ()


def test_a_fault_in_a_thread_ends_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = lab.Trainer

    def failing(*arguments: Any, **options: Any) -> Trainer:
        if "seed" in options and options["seed"] == seeds[2]:
            raise RuntimeError("broken")
        return real(*arguments, **options)

    seeds = lab.seeds(0, "folds", 10)
    monkeypatch.setattr(lab, "Trainer", failing)
    with pytest.raises(RuntimeError, match="broken"):
        cross_validate(SMALL, run_dir=tmp_path, jobs=2)
    (folder,) = tmp_path.iterdir()
    assert json.loads((folder / "run.json").read_text())["status"] == "failed"


def test_no_more_at_a_time_than_fit_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cross_validate(NUMBERS, jobs=100, save=False).jobs == 4
    needed = lab.budget.bytes_needed(Trainer(load(NUMBERS)).network.plan)
    monkeypatch.setattr(lab.budget, "bytes_available", lambda: 2 * needed + 1)
    assert lab.budget.fitting(4, needed) == 2
    assert lab.budget.fitting(4, 10 * needed) == 1


def test_a_net_of_several_shards_keeps_to_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bits are those of a run of its own; threads inside threads would only wait for each other."""
    monkeypatch.setattr("dllab.plan.plan.WORK_WORTH_SHARDING", 0)
    monkeypatch.setattr("dllab.plan.plan.USES_WORTH_SHARDING", 0)
    assert Trainer(load(SMALL)).network.plan.shards == 2
    used: list[int] = []
    real = executor._on_threads
    monkeypatch.setattr(executor, "_on_threads", lambda *arguments: (used.append(1), real(*arguments)))
    together = cross_validate(SMALL, jobs=2, save=False)
    assert used == []
    assert told(cross_validate(SMALL, jobs=1, save=False)) == told(together)
    assert used != [] or executor.free_cores() == 1 or not jit_enabled()


def test_overrides_of_all_kinds_reach_the_folds() -> None:
    assert len(cross_validate("iris", folds=3, train__epochs=1, save=False).folds) == 3
    assert len(cross_validate("iris", ["train.folds=3", "train.epochs=1"], repeats=2, save=False).folds) == 6
    assert len(cross_validate(SMALL, folds=2, repeats=1, save=False).folds) == 2


def test_refusals(tmp_path: Path) -> None:
    for arguments, options, words in [
        (("iris",), {}, "this recipe has no folds"),
        (("iris",), {"folds": 1}, "expected a whole number of at least 2"),
        (("iris",), {"folds": 51}, "smallest class has 50 rows"),
        (({"input": [2], "model": [{"dense": 2}], "train": {"folds": 2}},), {}, "no data to deal out"),
        ((SMALL,), {"model": [{"dense": 7}]}, "7"),
    ]:
        with pytest.raises(RecipeError) as refused:
            cross_validate(*arguments, run_dir=tmp_path, **options)  # type: ignore[arg-type]
        assert words in " ".join(str(refused.value).split())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="give at least 1"):
        cross_validate(SMALL, jobs=0, save=False)
    with pytest.raises(RecipeError, match=r"dllab\.cross_validate"):
        dllab.train(SMALL, save=False)


def test_the_package_offers_it() -> None:
    assert dllab.cross_validate is cross_validate


def test_time_is_that_of_the_clock() -> None:
    start = time.perf_counter()
    result = cross_validate(NUMBERS, save=False)
    assert 0 < result.seconds <= time.perf_counter() - start


def test_a_full_disk_hides_no_fault_and_the_folder_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: RunFolder, document: Any) -> None:
        if document["status"] != "running":
            raise StoreError("no space left")

    def broken(event: Any) -> None:
        if isinstance(event, FoldEnd):
            raise ZeroDivisionError

    monkeypatch.setattr(RunFolder, "write_status", full)
    with pytest.raises(ZeroDivisionError):
        cross_validate(SMALL, run_dir=tmp_path / "a", on_event=broken)
    with pytest.raises(StoreError, match="no space left"):
        cross_validate(SMALL, run_dir=tmp_path / "b")
    for root in ("a", "b"):
        (folder,) = (tmp_path / root).iterdir()
        RunFolder(folder).lock()
