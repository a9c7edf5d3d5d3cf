"""`dllab.train`: results, folders, overrides, divergence, interruption."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.recipe import RecipeError, load
from dllab.runs.plane import Look
from dllab.runs.store import StoreError, load_weights
from dllab.runs.train import Interrupted
from dllab.training.events import Diverged, EpochEnd, Event, Finished, Started

MOONS: dict[str, Any] = {
    "data": {"name": "moons", "samples": 80, "validation": 0.2},
    "model": [{"dense": 8}, "tanh", {"dense": "classes"}],
    "loss": "cross_entropy",
    "optimizer": {"adam": {"lr": 0.02}},
    "train": {"epochs": 6, "batch": 16},
    "expect": {"test_accuracy": 0.5, "test_loss": 1e-9},
}
KEYS = ["recipe", "seed", "status", "epochs", "steps", "seconds", "run", "final"]


def train(recipe: Any = MOONS, *args: Any, save: bool = False, **options: Any) -> dllab.Result:
    return dllab.train(recipe, *args, save=save, **options)


def test_a_result_tells_all(tmp_path: Path) -> None:
    result = train(save=True, run_dir=tmp_path)
    assert (result.status, result.epochs, result.steps, result.seed) == ("finished", 6, 18, 0)
    assert list(result.metrics) == ["train", "validation", "test"]
    assert [end.epoch for end in result.history] == [1, 2, 3, 4, 5, 6]
    assert result.rows == {"train": 44, "validation": 16, "test": 20}
    assert {e.name: e.met for e in result.expectations} == {"test_accuracy": True, "test_loss": False}
    assert list(result.document()) == KEYS
    assert json.loads(json.dumps(result.document(), allow_nan=False))["final"]["test"]["loss"] > 0


def test_the_folder_of_a_run(tmp_path: Path) -> None:
    result = train(save=True, run_dir=tmp_path, seed=5)
    folder = result.folder
    assert folder is not None and folder.parent == tmp_path
    assert sorted(p.name for p in folder.iterdir()) == [
        "checkpoint.safetensors", "data.json", "metrics.jsonl", "recipe.yaml", "run.json", "weights.safetensors",
    ]  # fmt: skip
    status = json.loads((folder / "run.json").read_text())
    assert {key: status[key] for key in KEYS} == result.document()
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert {"epoch", "step", "loss", "lr", "gradient_norm", "seconds", "best", "validation"} == set(lines[0])


def test_the_kept_recipe_repeats_the_run(tmp_path: Path) -> None:
    first = train(save=True, run_dir=tmp_path, seed=5)
    assert first.folder is not None
    again = train(first.folder / "recipe.yaml")
    assert again.seed == 5
    for name, array in first.network.parameters.items():
        np.testing.assert_array_equal(array, again.network.parameters[name])
    other = dllab.build(first.folder / "recipe.yaml", seed=9)
    load_weights(other, first.folder)
    np.testing.assert_array_equal(other.parameters["0_dense.w"], first.network.parameters["0_dense.w"])


def test_overrides_in_every_form() -> None:
    lr = {"optimizer.lr": 1e-5}
    for result in (
        train(MOONS, lr, train__epochs=2),
        train(MOONS, ["optimizer.lr=1e-5", "train.epochs=2"]),
        train(MOONS, optimizer__lr=np.float64(1e-5), train__epochs=2),
        train(load(MOONS), {**lr, "train.epochs": 2}),
    ):
        assert getattr(result.recipe.optimizer[0], "lr", None) == 1e-5
        assert result.epochs == 2
    assert train(MOONS, {"model[0].dense.units": 3}).network.parameters["0_dense.w"].shape == (2, 3)
    assert train(MOONS, {"about": "a: b # c", "train.clip_norm": None}).recipe.about == "a: b # c"


def test_wrong_overrides_are_recipe_errors() -> None:
    with pytest.raises(RecipeError, match="epochs"):
        train(MOONS, train__epochs=-1)
    with pytest.raises(RecipeError, match="unknown key"):
        train(MOONS, epochs=3)
    with pytest.raises(RecipeError):
        train(MOONS, {"optimizer.lr": float("inf")})


def test_nothing_is_kept_of_a_recipe_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(RecipeError):
        train({**MOONS, "model": [{"dense": 8}, {"dense": 7}]}, save=True, run_dir=tmp_path)
    with pytest.raises(RecipeError, match="no data"):
        train({"input": [2], "model": [{"dense": 1}], "loss": "mse"}, save=True, run_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_stops_before_training(tmp_path: Path) -> None:
    seen: list[Event] = []
    with pytest.raises(StoreError):
        train(save=True, run_dir=tmp_path / "no" / "such", on_event=seen.append)
    assert seen == []


def test_events_reach_the_listener() -> None:
    seen: list[Event] = []
    result = train(on_event=seen.append)
    kinds = [type(event) for event in seen]
    assert kinds.index(Started) < kinds.index(EpochEnd) < kinds.index(Finished) == len(kinds) - 1
    assert result.history == tuple(event for event in seen if isinstance(event, EpochEnd))


def diverging() -> dict[str, Any]:
    data = {"name": "function", "samples": 60}
    model = [{"dense": 4}, "relu", {"dense": 1}]
    return {"data": data, "model": model, "loss": "mse", "optimizer": {"sgd": {"lr": 1e5}}, "train": {"epochs": 50}}


def test_divergence_is_found_and_kept(tmp_path: Path) -> None:
    result = train(diverging(), save=True, run_dir=tmp_path)
    assert result.status == "diverged"
    assert isinstance(result.diverged, Diverged)
    after = 1 if result.diverged.where == "update" else 0
    assert result.diverged.step + after == result.steps < 100
    assert result.folder is not None
    status = json.loads((result.folder / "run.json").read_text())
    assert status["status"] == "diverged"
    assert status["diverged"]["layer"] == result.diverged.layer
    json.dumps(result.document(), allow_nan=False)


@pytest.mark.parametrize("change", [{}, {"model[1]": "tanh", "optimizer.lr": 1e3}, {"optimizer.lr": 1e6}], ids=str)
def test_the_origin_of_divergence(change: dict[str, Any]) -> None:
    """Parameters are finite unless an update is what is blamed; then they are not, in the layer that is named."""
    result = train(diverging(), change)
    assert result.diverged is not None
    broken = {name.rpartition(".")[0] for name, a in result.network.parameters.items() if not np.isfinite(a).all()}
    assert broken == ({result.diverged.layer} if result.diverged.where == "update" else set())


def test_an_interrupted_run_keeps_its_weights(tmp_path: Path) -> None:
    def press(event: Event) -> None:
        if isinstance(event, EpochEnd) and event.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        train(save=True, run_dir=tmp_path, on_event=press)
    assert isinstance(caught.value, Interrupted)
    result = caught.value.result
    assert (result.status, result.epochs, result.steps) == ("interrupted", 3, 9)
    assert list(result.metrics) == ["validation"]
    assert result.folder is not None
    assert json.loads((result.folder / "run.json").read_text())["status"] == "interrupted"
    other = dllab.build(MOONS, seed=3)
    load_weights(other, result.folder)
    np.testing.assert_array_equal(other.parameters["2_dense.w"], result.network.parameters["2_dense.w"])


def test_a_run_that_fails_says_so(tmp_path: Path) -> None:
    def fail(event: Event) -> None:
        if isinstance(event, EpochEnd):
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        train(save=True, run_dir=tmp_path, on_event=fail)
    (folder,) = tmp_path.iterdir()
    assert json.loads((folder / "run.json").read_text())["status"] == "failed"


def test_early_stopping_is_a_status() -> None:
    result = train(MOONS, {"train.early_stop": 1, "train.epochs": 500, "optimizer.lr": 0.5})
    assert result.status == "stopped"
    assert result.best_epoch is not None and result.best_epoch < result.epochs


def test_the_same_seed_gives_the_same_bits() -> None:
    first, second, other = train(seed=1), train(seed=1), train(seed=2)
    assert first.metrics == second.metrics
    assert first.metrics != other.metrics


def test_a_net_that_does_not_fit_in_memory_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"1,000,006,000,002 parameters needs 44\.0 TB of memory"):
        train({"data": "xor", "model": [{"dense": 1_000_000}, {"dense": 1_000_000}, {"dense": "classes"}]})


def test_a_look_at_the_plane() -> None:
    recipe = load(MOONS)
    network = train(recipe, train__epochs=60).network
    look = Look.at(recipe, network)
    assert look is not None
    classes = look.classes(20, 30)
    assert classes.shape == (30, 20)
    points = look.points(20, 30)
    assert all(0 <= x < 20 and 0 <= y < 30 for x, y, _ in points)
    right = sum(int(classes[y, x]) == label for x, y, label in points)
    assert right > 0.8 * len(points)
    assert Look.at(load(diverging()), network) is None


def test_nan_outputs_do_not_stop_a_look() -> None:
    recipe = load(MOONS)
    network = dllab.build(recipe)
    network.parameters["2_dense.w"][...] = math.nan
    look = Look.at(recipe, network)
    assert look is not None
    assert look.classes(4, 6).shape == (6, 4)
