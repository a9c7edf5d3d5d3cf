"""Training as events: their order and counts, and that neither pace nor evaluation changes a bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from dllab.engine.pace import Pace
from dllab.recipe import RecipeError, load
from dllab.training.events import Diverged, EpochEnd, Event, Finished, Progress, Started
from dllab.training.trainer import Trainer

MOONS: dict[str, Any] = {
    "data": {"moons": {"samples": 200, "noise": 0.2, "validation": 0.2, "test": 0.2}},
    "model": [{"dense": 8}, "tanh", {"dropout": 0.2}, {"dense": "classes"}],
    "loss": "cross_entropy",
    "optimizer": {"adam": 0.02},
    "train": {"epochs": 6, "batch": 32},
}
LINE = {**MOONS, "data": {"function": {"samples": 60}}, "loss": "mse"}


def recipe(change: Mapping[str, Any] | None = None, base: Mapping[str, Any] = MOONS, **train: Any) -> Any:
    return load({**base, **(change or {}), "train": {**base["train"], **train}})


def run(of: Any, **options: Any) -> tuple[Trainer, list[Event]]:
    trainer = Trainer(of, **options)
    return trainer, list(trainer.events())


def weights(trainer: Trainer) -> np.ndarray:
    return trainer.network.memory.flat("parameters").copy()


def of_kind(events: list[Event], kind: Any) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_the_order_of_events() -> None:
    _, events = run(recipe())
    (started,), ends = of_kind(events, Started), of_kind(events, EpochEnd)
    assert started.rows == {"train": 120, "validation": 40, "test": 40}
    assert (started.steps_per_epoch, started.steps, started.epochs) == (4, 24, 6)
    assert [end.epoch for end in ends] == [1, 2, 3, 4, 5, 6]
    assert [end.step for end in ends] == [4, 8, 12, 16, 20, 24]
    assert all(set(end.figures) == {"validation"} for end in ends)
    (finished,) = of_kind(events, Finished)
    assert events[-1] is finished
    assert (finished.status, finished.epochs, finished.steps) == ("finished", 6, 24)
    assert set(finished.figures) == {"train", "validation", "test"}
    steps = [event.step for event in of_kind(events, Progress)]
    assert steps == sorted(steps)
    assert steps[-1] == 24


def test_steps_instead_of_epochs() -> None:
    trainer, events = run(recipe(epochs=None, steps=10))
    assert of_kind(events, Finished)[0].steps == 10
    assert [end.step for end in of_kind(events, EpochEnd)] == [4, 8, 10]
    assert trainer.question.batch == 32


@pytest.mark.parametrize(("batch", "steps"), [(1, 120), (50, 3), ("full", 1), (1000, 1)])
def test_batches_of_every_size(batch: Any, steps: int) -> None:
    _, events = run(recipe(batch=batch, epochs=1))
    assert of_kind(events, Finished)[0].steps == steps


@pytest.mark.parametrize("stride", [1, 3, 1000])
def test_the_pace_changes_nothing(stride: int, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, expected = run(recipe())
    monkeypatch.setattr(Pace, "steps", lambda self: stride)
    trainer, events = run(recipe())
    np.testing.assert_array_equal(weights(trainer), weights(usual))
    for one, other in zip(of_kind(events, EpochEnd), of_kind(expected, EpochEnd), strict=True):
        assert (one.loss, one.figures, one.gradient_norm) == (other.loss, other.figures, other.gradient_norm)


def test_looking_less_often_changes_nothing() -> None:
    usual, seldom = run(recipe())[0], run(recipe(evaluate_every=5))
    np.testing.assert_array_equal(weights(usual), weights(seldom[0]))
    assert [end.epoch for end in of_kind(seldom[1], EpochEnd)] == [5, 6]


def test_seeds() -> None:
    first, again, other = (run(recipe(), seed=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(weights(first), weights(again))
    assert not np.array_equal(weights(first), weights(other))


def test_the_loss_of_a_split_is_that_of_its_rows_at_once() -> None:
    trainer, events = run(recipe(MOONS | {"model": [{"dense": 8}, "tanh", {"dense": "classes"}]}))
    data, final = trainer.data, of_kind(events, Finished)[0].figures
    for split in ("train", "validation", "test"):
        rows = getattr(data.splits, split)
        labels = data.dataset.columns["targets"][rows]
        loss, _ = trainer.network.loss_and_gradients(data.seen(rows), labels)
        assert final[split]["loss"] == pytest.approx(loss, rel=1e-5)
        outputs = trainer.network.forward(data.seen(rows))
        assert final[split]["accuracy"] == np.mean(outputs.argmax(1) == labels)


def test_the_learning_rate_follows_the_schedule() -> None:
    _, events = run(recipe({"schedule": {"cosine": {"warmup": 8}}}))
    rates = [end.lr for end in of_kind(events, EpochEnd)]
    schedule = recipe({"schedule": {"cosine": {"warmup": 8}}}).schedule
    expected = 0.02 * schedule.factors(np.array([3, 7, 11, 15, 19, 23]), 24)
    np.testing.assert_allclose(rates, expected, rtol=1e-12)


def test_plateau_lowers_the_rate_when_nothing_improves() -> None:
    flat = {"optimizer": {"sgd": 1e-9}, "schedule": {"plateau": {"patience": 2, "factor": 0.1, "min_delta": 0.1}}}
    _, events = run(recipe(flat, epochs=8))
    rates = [end.lr / 1e-9 for end in of_kind(events, EpochEnd)]
    np.testing.assert_allclose(rates, [1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.001], rtol=1e-9)


def test_early_stopping_goes_back_to_the_best_weights() -> None:
    stop = {"patience": 3, "metric": "loss"}
    change = {"optimizer": {"adam": 0.3}}
    trainer, events = run(recipe(change, epochs=200, early_stop=stop))
    finished, ends = of_kind(events, Finished)[0], of_kind(events, EpochEnd)
    losses = [end.figures["validation"]["loss"] for end in ends]
    assert finished.status == "stopped"
    assert finished.best_epoch == int(np.argmin(losses)) + 1 == len(ends) - 3
    assert finished.figures["validation"]["loss"] == min(losses)
    kept, _ = run(recipe(change, epochs=200, early_stop=stop | {"restore_best": False}))
    assert not np.array_equal(weights(trainer), weights(kept))


def test_early_stopping_on_accuracy_waits_for_more() -> None:
    stop = {"patience": 2, "metric": "accuracy", "min_delta": 2.0}  # no accuracy improves by that
    _, events = run(recipe(epochs=50, early_stop=stop))
    assert of_kind(events, Finished)[0].epochs == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data": {"moons": {"samples": 50, "validation": 0.0}}, "early_stop": 3}, "early_stop needs a validation split"),
        ({"metrics": ["r2"]}, "r2 is for regression, and this data set has classes"),
        ({"early_stop": {"patience": 3, "metric": "r2"}}, "early_stop watches r2"),
    ],
)
def test_what_only_shows_with_the_data(change: dict[str, Any], said: str) -> None:
    train = {key: change.pop(key) for key in ("early_stop",) if key in change}
    with pytest.raises(RecipeError, match=said):
        Trainer(recipe(change, **train))


def test_a_metric_of_classes_on_a_regression() -> None:
    with pytest.raises(RecipeError, match="accuracy is for classification, and this data set has values"):
        Trainer(recipe({"metrics": ["accuracy"]}, LINE))


def test_divergence_is_the_last_thing_but_one() -> None:
    _, events = run(recipe({"optimizer": {"sgd": 1e6}, "model": [{"dense": 8}, "relu", {"dense": "classes"}]}, epochs=50))
    diverged, finished = events[-2:]
    assert isinstance(diverged, Diverged)
    assert isinstance(finished, Finished)
    assert (finished.status, finished.steps) == ("diverged", diverged.step)


def test_a_figure_that_nobody_measures_cannot_be_expected() -> None:
    with pytest.raises(RecipeError) as refused:
        Trainer(recipe({"data": {"moons": {"samples": 50, "test": 0.0}}, "expect": {"test_loss": 1, "train_auc": 1}}))
    assert "there is no test split" in str(refused.value)
    assert "auc is not measured" in str(refused.value)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_standardised_targets_train_the_net_and_metrics_stay_in_their_unit(dtype: str) -> None:
    base = {**LINE, "data": "autompg", "model": [{"dense": 8}, "tanh", {"dense": 1}]}
    trainer, events = run(recipe(base=base, dtype=dtype))
    figures, data = events[-1].figures["test"], trainer.data  # type: ignore[union-attr]
    outputs = trainer.network.forward(data.seen(data.splits.test))
    truth = data.dataset.columns["targets"][data.splits.test].astype(np.float64)
    missed = outputs / data.target_scale + data.target_shift - truth
    assert figures["rmse"] == pytest.approx(np.sqrt(np.mean(missed**2)), rel=1e-4)
    assert figures["mae"] == pytest.approx(np.abs(missed).mean(), rel=1e-4)
    assert figures["r2"] == pytest.approx(1 - np.sum(missed**2) / np.sum((truth - truth.mean()) ** 2), rel=1e-4)
    assert figures["loss"] == pytest.approx(np.mean((missed * data.target_scale) ** 2), rel=1e-4)
    assert figures["loss"] < 0.5 < 2 < figures["rmse"]


def test_without_standardised_targets_the_loss_is_in_their_unit() -> None:
    base = {**LINE, "data": {"name": "autompg", "standardise_targets": False}, "model": [{"dense": 1}]}
    figures = run(recipe(base=base))[1][-1].figures["train"]  # type: ignore[union-attr]
    assert figures["loss"] == pytest.approx(figures["rmse"] ** 2, rel=1e-5)
