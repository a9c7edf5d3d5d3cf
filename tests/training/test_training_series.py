"""One recipe trained again and again gives the bits of a run of its own each time, whatever ran before."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from marks import compiled_only

from dllab.catalogue import parts
from dllab.optim.optimizer import Optimizer
from dllab.recipe import Recipe, load
from dllab.training.events import Finished
from dllab.training.series import Outcome, Series, with_rate
from dllab.training.trainer import Trainer

SMALL: dict[str, Any] = {
    "data": {"name": "moons", "samples": 60, "test": 0.25},
    "model": [{"dense": 8}, "relu", {"dropout": 0.3}, "batch_norm", {"dense": "classes"}],
    "train": {"epochs": 3, "batch": 16},
}


def alone(recipe: Recipe, seed: int) -> tuple[Finished, dict[str, np.ndarray]]:
    """A run by itself: how it ended, and its weights."""
    trainer = Trainer(recipe, seed=seed)
    *_, end = trainer.events()
    assert isinstance(end, Finished)
    return end, trainer.network.parameters


def check(series: Series, recipe: Recipe, seed: int) -> Outcome:
    """One run of a series beside the same run alone."""
    end, expected = alone(recipe, seed)
    found = series.train(recipe, seed)
    for label, values in series.trainer.network.parameters.items():
        np.testing.assert_array_equal(values, expected[label], err_msg=label)
    np.testing.assert_equal((found.status, found.steps, found.figures), (end.status, end.steps, end.figures))
    return found


@pytest.mark.parametrize("name", sorted(n for n, part in parts("optimizers").items() if issubclass(part, Optimizer)))
def test_seeds_and_rates_of_every_optimizer(name: str) -> None:
    recipe = load({**SMALL, "optimizer": name})
    others = [with_rate(recipe, 0.07), load({**SMALL, "optimizer": name, "schedule": "cosine"}, ["train.epochs=2"])]
    series = Series(recipe)
    for other, seed in [(recipe, 0), (others[0], 3), (others[1], 0), (recipe, 3)]:
        if Series.key(other) != Series.key(recipe):
            assert name == "muon" and other is others[0], "its plan holds the rate"
            continue
        check(series, other, seed)


def test_what_burst_before_leaves_nothing_behind() -> None:
    plain = [{"dense": 8}, {"relu": {}}, "batch_norm", {"dense": 8}, {"relu": {}}, {"dense": "classes"}]
    recipe = load({**SMALL, "model": plain, "loss": "mse", "optimizer": {"momentum": 0.1}})
    series = Series(recipe)
    burst = check(series, with_rate(recipe, 1e6), 1)
    assert burst.status == "diverged" and burst.diverged is not None and burst.steps < 9
    assert check(series, recipe, 1).status == "finished"


@pytest.mark.parametrize(
    "change",
    [
        ["data.validation=0.25", "train.early_stop={patience: 1, min_delta: 0.1}", "train.epochs=12"],
        ["data.validation=0.25", "train.checkpoint={best: true}", "optimizer.lr=0.5", "train.epochs=12"],
        ["schedule={plateau: {patience: 1, factor: 0.1}}", "optimizer.lr=0.3", "train.epochs=12"],
    ],
)
def test_runs_that_go_by_their_evaluations(change: list[str]) -> None:
    recipe = load(SMALL, change)
    series = Series(recipe)
    for seed in (0, 1):
        check(series, recipe, seed)


@compiled_only
@pytest.mark.parametrize("name", ["digits-cnn", "spirals", "brackets"])
def test_recipes_of_every_kind(name: str) -> None:
    recipe = load(name, ["train.epochs=", "train.steps=7"])
    series = Series(recipe)
    for seed in (5, 0):
        check(series, recipe, seed)


def test_who_is_given_up_and_who_stops_by_itself() -> None:
    changes = ["data.validation=0.25", "train.early_stop={patience: 1, min_delta: 0.1}", "train.epochs=12"]
    recipe = load(SMALL, changes)
    series = Series(recipe)
    found = series.train(recipe, 0)
    assert found.status == "stopped" and not found.given_up
    again = series.train(recipe, 0, good=lambda end: end.step < found.steps)
    assert (again.status, again.steps, again.given_up) == ("stopped", found.steps, False)
    sooner = series.train(recipe, 0, good=lambda end: False)
    assert sooner.status == "stopped" and sooner.given_up and sooner.steps < found.steps


def test_states_that_are_carried_on_begin_anew() -> None:
    recipe = load({
        "use": [str(Path(__file__).parent / "toy_text.py")], "data": {"toy_text": {"kind": "windows"}},
        "model": [{"embedding": 5}, {"gru": 6}, {"dense": "classes"}],
        "train": {"epochs": 2, "batch": 4, "carry_state": True, "shuffle": False},
    }, trust=True)  # fmt: skip
    series = Series(recipe)
    for seed in (0, 1, 0):
        check(series, recipe, seed)


def test_one_key_for_what_one_plan_can_train() -> None:
    recipe = load(SMALL)
    same = ["optimizer.lr=0.2", "train.seed=7", "train.epochs=9", "schedule=cosine", "about=Another"]
    for change in same:
        assert Series.key(load(SMALL, [change])) == Series.key(recipe), change
    for change in ["model[0].dense.units=9", "optimizer=sgd", "train.batch=8", "train.l2=0.1", "data.samples=61"]:
        assert Series.key(load(SMALL, [change])) != Series.key(recipe), change
    chain = load({**SMALL, "optimizer": [{"clip_norm": 1}, {"sgd": 0.1}]})
    assert Series.key(with_rate(chain, 3)) == Series.key(chain) and with_rate(chain, 3).optimizer[-1].lr == 3  # type: ignore[attr-defined]


def test_a_rate_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="greater than"):
        with_rate(load(SMALL), -1.0)


def test_the_recipe_of_a_series_stays_as_it_is() -> None:
    recipe = load(SMALL)
    before = dataclasses.replace(recipe)
    Series(recipe).train(with_rate(recipe, 0.5), 3)
    assert recipe == before
