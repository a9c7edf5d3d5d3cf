"""The range test: its losses against nets stepped by hand, its rules on curves whose turns are known, its suggestions."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.core.settings import jit_enabled
from dllab.engine import pace
from dllab.engine.prepare import prepared
from dllab.lab.lr_find import (
    HIGH,
    LOW,
    RangeTest,
    Soundings,
    blown_up,
    lr_find,
    rising,
    smooth,
    turns,
    usual_steps,
)  # fmt: skip
from dllab.recipe import Recipe, RecipeError, load
from dllab.recipe.train_options import EarlyStop
from dllab.training.events import Progress
from dllab.training.series import Series, with_rate
from dllab.training.trainer import Trainer

compiled_only = pytest.mark.skipif(not jit_enabled(), reason="trains real recipes")


def small(**keys: Any) -> Recipe:
    recipe = {
        "data": {"name": "moons", "samples": 60}, "model": [{"dense": 5}, "tanh", {"dense": "classes"}],
        "optimizer": {"momentum": 0.03}, "train": {"batch": "full", "shuffle": False, "epochs": 3},
    }  # fmt: skip
    return load(recipe | keys)


# ---- the losses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", [{"momentum": 0.03}, {"adam": 0.7}, {"sgd": 2.0}])
def test_losses_are_those_of_a_net_stepped_by_hand(optimizer: dict[str, float]) -> None:
    recipe = small(optimizer=optimizer)
    found = lr_find(recipe, low=1e-3, high=1.0, steps=30, seeds=(4, 9))
    assert found.rates[0] == 1e-3 and found.rates[-1] == pytest.approx(1.0) and found.seeds == (4, 9)
    np.testing.assert_allclose(np.diff(np.log(found.rates)), np.log(1e3) / 29)
    data = prepared(recipe)
    assert data is not None
    rows = data.splits.train
    x, y = data.seen(rows), data.dataset.columns["targets"][rows]
    for seed, losses in zip(found.seeds, found.losses):
        net = dllab.build(recipe, seed=seed)
        np.testing.assert_allclose(losses, [net.step(x, y, lr=rate) for rate in found.rates], rtol=1e-5)
    np.testing.assert_allclose(found.loss, found.losses.mean(axis=0))
    assert found.lr == next(iter(optimizer.values())) and found.optimizer == next(iter(optimizer))


def ordinary(recipe: Recipe, steps: int, seed: int) -> np.ndarray:
    """The first losses of an ordinary training."""
    trainer, losses = Trainer(recipe, seed=seed), np.empty(0)
    for event in trainer.up_to(steps):
        if isinstance(event, Progress):
            losses = np.append(losses, trainer.course.losses(len(losses), event.step))
    return losses


DROPPED = ["augment=[{noise: 0.1}]", "train.batch=16"]


@compiled_only
@pytest.mark.parametrize(
    ("name", "changes"), [("digits", DROPPED), ("carry", []), pytest.param("mnist10k", [], marks=pytest.mark.slow)]
)
def test_losses_are_those_of_an_ordinary_training_at_such_rates(name: str, changes: list[str]) -> None:
    """With rates that fall, for which there is a schedule; batches, dropout, noise, states and shards are a training's."""
    changes = [*changes, "optimizer={adam: 0.01}"]
    found = lr_find(load(name, changes), low=0.01, high=0.0001, steps=21, seeds=[3])
    schedule = f"schedule={{name: exponential, decay: {10 ** (-2 / 20)}}}"
    losses = ordinary(load(name, [*changes, schedule, "train.steps=99"]), 21, 3)
    np.testing.assert_allclose(found.losses, [losses], rtol=1e-4)


def test_the_same_losses_again_however_they_are_paced(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = small(optimizer={"sgd": 1.0}, loss="mse")
    heard: list[int] = []

    def listen(event: Any) -> None:
        if isinstance(event, Soundings):
            heard.append(len(event.losses))
            assert event.of == 2 and event.number in (1, 2) and len(event.rates) == 50

    monkeypatch.setattr(pace, "TARGET", 1e9)  # however slow the machine, many steps a call
    once = lr_find(recipe, high=1e4, steps=50, seeds=(0, 1), on_event=listen)
    count = len(heard)
    monkeypatch.setattr(pace, "GROWTH", 1)  # and now one
    again = lr_find(recipe, high=1e4, steps=50, seeds=(0, 1), on_event=listen)
    assert len(heard) - count > count and heard[-1] == len(again.losses[1])
    np.testing.assert_array_equal(once.losses, again.losses)
    assert once.ended == again.ended == "rose" and len(once.rates) < 50


def test_the_test_ends_with_the_first_training_that_blows_up() -> None:
    recipe = small(optimizer={"sgd": 1.0}, loss="mse")
    both = lr_find(recipe, high=1e4, steps=60, seeds=(0, 1))
    alone = [len(lr_find(recipe, high=1e4, steps=60, seeds=[seed]).rates) for seed in (0, 1)]
    assert len(both.rates) == min(alone) == both.losses.shape[1]
    smoothed = smooth(both.losses[int(np.argmin(alone))], 60)
    assert smoothed[-1] > 4 * smoothed.min() and smoothed[-1] > smoothed[0]


def test_a_loss_that_is_no_number_ends_it() -> None:
    found = lr_find(small(optimizer={"sgd": 1.0}, loss="mse"), low=1e6, high=1e30, steps=20, seeds=[0])
    assert found.ended in ("rose", "not finite") and len(found.rates) < 8 and np.isfinite(found.losses).all()
    first = lr_find(small(optimizer={"sgd": 1.0}, loss="mse", model=[{"dense": {"units": 2, "init": {"constant": 3e38}}}]))
    assert first.ended == "not finite" and first.losses.shape == (3, 0) and first.suggested is None


def test_early_stopping_and_a_plateau_are_left_out() -> None:
    recipe = small(data={"name": "moons", "samples": 60, "validation": 0.2}, schedule="plateau")
    stopped = dataclasses.replace(recipe.train, early_stop=EarlyStop(1))
    found = lr_find(dataclasses.replace(recipe, train=stopped), high=0.1, steps=40, seeds=[0])
    assert len(found.rates) == 40 and found.schedule == "plateau"


def test_usual_length_and_seeds() -> None:
    assert usual_steps(LOW, HIGH) == 300 and usual_steps(1.0, 3.0) == 20
    assert lr_find(small(train={"batch": "full", "seed": 5}), steps=20).seeds == (5, 6, 7)


def test_a_recipe_without_data() -> None:
    with pytest.raises(RecipeError, match="no data"):
        lr_find(load({"input": [2], "model": [{"dense": 1}], "loss": "mse"}))


# ---- the rules -----------------------------------------------------------------------------------------------------


def falling(middle: float, rise: float, steps: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Rates, and a loss that falls from 2 to 1 most steeply at `middle`, and is least where it begins to rise at `rise`."""
    rates = rising(LOW, HIGH, steps)
    x = np.log10(rates)
    loss = 1 + 1 / (1 + np.exp(4 * (x - np.log10(middle)))) + np.maximum(x - np.log10(rise), 0) ** 2
    return rates, loss


@pytest.mark.parametrize("steps", [100, 300, 1000])
@pytest.mark.parametrize(("middle", "rise"), [(1e-3, 0.3), (1e-2, 1.0), (1e-4, 1e-2)])
def test_turns_of_a_known_curve(middle: float, rise: float, steps: int) -> None:
    rates, loss = falling(middle, rise, steps)
    steepest, least = turns(loss, rates)
    assert steepest is not None and least is not None
    assert abs(np.log10(steepest / middle)) < 0.1
    assert rates[loss.argmin()] == least and -0.1 < np.log10(least / rise) < 0.4


def test_noise_moves_the_steepest_place_little() -> None:
    rates, loss = falling(1e-3, 0.3)
    noisy = loss + np.random.default_rng(0).normal(0, 0.15, len(loss))
    steepest, least = turns(smooth(noisy, len(loss)), rates)
    assert steepest is not None and 3e-4 < steepest < 4e-3
    assert least is not None and 0.02 < least < 2


def test_the_steepest_place_lies_before_the_least_loss() -> None:
    rates = rising(LOW, HIGH, 300)
    x = np.log10(rates)
    loss = np.where(x < -2, 2 - 0.1 * (x + 6), 5 - 2 * (x + 2))  # beyond the least loss it jumps, and falls faster
    loss[x > 0] = 9
    steepest, least = turns(loss, rates)
    assert least is not None and steepest is not None and steepest <= least


@pytest.mark.parametrize(
    "loss", [np.full(300, 2.0), np.linspace(2, 4, 300), 2 - 0.01 * np.arange(300) / 300, np.append(0, np.ones(299))]
)
def test_where_nothing_is_learnt_there_is_no_rate(loss: np.ndarray) -> None:
    assert turns(loss, rising(LOW, HIGH, 300)) == (None, None)


@pytest.mark.parametrize("kept", [0, 1, 2, 5, 30])
def test_short_curves(kept: int) -> None:
    rates = rising(LOW, HIGH, 300)[:kept]
    steepest, _ = turns(2.0 ** -np.arange(kept), rates)
    assert (steepest is None) == (kept < 4) and (steepest is None or steepest in rates)


def test_what_is_suggested_lies_between_the_rules() -> None:
    made = dataclasses.replace(of(np.ones(4)), steepest=0.002, least=0.5)
    assert made.tenth == pytest.approx(0.05) and made.suggested == 0.01
    assert dataclasses.replace(made, least=None).suggested is None and of(np.ones(4)).tenth is None


def of(loss: np.ndarray) -> RangeTest:
    rates = rising(LOW, HIGH, 300)[: len(loss)]
    return RangeTest("toy", "adam", "constant", 0.01, 300, 10, (0,), LOW, HIGH, rates, loss[None], loss, smooth(loss, 300),
                     "done", None, None)  # fmt: skip


@pytest.mark.parametrize("steps", [100, 400])
def test_smoothing_is_a_weighted_mean_of_what_was(steps: int) -> None:
    beta, loss = 1 - 20 / steps, np.random.default_rng(0).normal(size=steps)
    weights = beta ** np.maximum(np.arange(steps)[:, None] - np.arange(steps), 0) * np.tri(steps)
    np.testing.assert_allclose(smooth(loss, steps), weights @ loss / weights.sum(axis=1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(smooth(np.full(steps, 3.0), steps), 3.0)


def test_blown_up_is_four_times_the_least_and_above_the_first() -> None:
    still, fallen = np.ones(300), np.concatenate([np.ones(100), np.full(100, 0.01)])
    assert blown_up(still, 300) is None and blown_up(np.append(still, 30.0), 300) is None, "one batch alone is smoothed"
    assert blown_up(np.append(still, np.full(5, 30.0)), 300) in range(301, 305)
    assert blown_up(np.append(fallen, np.full(100, 0.5)), 300) is None, "not above the first"
    assert blown_up(np.append(fallen, np.full(100, 1.5)), 300) is not None
    assert blown_up(np.append(0, np.ones(9)), 300) is None and blown_up(np.empty(0), 300) is None


# ---- the suggestions -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@compiled_only
@pytest.mark.parametrize(
    ("name", "metric"),
    [("moons", "accuracy"), ("spirals", "accuracy"), ("digits", "accuracy"), ("digits-cnn", "accuracy"),
     ("sonar", "accuracy"), ("names-gru", "accuracy")],
)  # fmt: skip
def test_what_is_suggested_trains_about_as_well_as_the_recipe(name: str, metric: str) -> None:
    """Seeds 10 to 12, which the test has not seen; the recipes' own rates were chosen by hand."""
    recipe = load(name)
    found = lr_find(recipe)
    assert found.suggested is not None and found.lr / 4 <= found.suggested <= 4 * found.lr
    series, seeds = Series(recipe), (10, 11, 12) if name != "names-gru" else (10,)
    reached = []
    for rate in (found.lr, found.suggested):
        figures = [series.train(with_rate(recipe, rate), seed).figures["test"] for seed in seeds]
        reached.append(np.array([[f["loss"], f[metric]] for f in figures]).mean(axis=0))
        print(f"{name}: {rate:g} gives loss {reached[-1][0]:.4g}, {metric} {reached[-1][1]:.4f}")
    (own_loss, own), (loss, reached_metric) = reached
    assert reached_metric > own - 0.015
    assert loss < 1.1 * own_loss + 0.01
