"""Rates of schedules before a run are those of the run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dllab.lab.rates import rates_of
from dllab.recipe import RecipeError, load
from dllab.training.events import EpochEnd, Started
from dllab.training.trainer import Trainer

CHANGES = ["train.epochs=3", "data.samples=90"]


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", "step: 20", "exponential: 9", "{name: cosine, warmup: 10}"])
def test_a_run_has_the_rates_that_were_drawn(schedule: str) -> None:
    found = rates_of("moons", [], [*CHANGES, f"schedule={schedule}"])
    trainer = Trainer(load("moons", [*CHANGES, f"schedule={schedule}"]))
    for event in trainer.events():
        if isinstance(event, Started):
            assert (found.steps, found.per_epoch) == (event.steps, event.steps_per_epoch)
        if isinstance(event, EpochEnd):
            assert event.lr == pytest.approx(found.found[0].rates[event.step - 1], rel=1e-12)
    assert found.recipe == "moons" and found.lr == trainer.network.learning_rate


def test_states_that_are_carried_on_leave_out_what_fills_no_lane() -> None:
    found, trainer = rates_of("carry"), Trainer(load("carry"))
    assert (found.per_epoch, found.steps) == (trainer.steps_per_epoch, trainer.steps)


def test_others_beside_the_recipes_own() -> None:
    own, other = rates_of("spirals", ["one_cycle"], ["schedule=cosine", "train.steps=100", "train.epochs="]).found
    assert (own.text, other.text) == ("cosine", "one_cycle") and len(own.rates) == len(other.rates) == 100
    assert own.highest == 0 and other.highest == 30 and own.lowest == other.lowest == 99


def test_schedules_alone_are_shares() -> None:
    found = rates_of(None, ["{name: constant, warmup: 4}", "plateau"])
    assert found.recipe is None and found.per_epoch is None and found.lr == 1 and found.steps == 1000
    warm, plateau = found.found
    np.testing.assert_allclose(warm.rates[:5], [0.25, 0.5, 0.75, 1, 1])
    assert warm.warmup == 4 and not warm.reacts and plateau.reacts
    assert rates_of(None, ["cosine"], steps=10).steps == 10


def test_a_warm_up_that_never_ends() -> None:
    (rates,) = rates_of(None, ["{name: constant, warmup: 50}"], steps=10).found
    assert rates.warmup == 50 and rates.highest == 9 and rates.lowest == 0


def test_nobody_knows_how_long_a_run_without_data_is(tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("input: [2]\nmodel: [{dense: 1}]\nloss: mse\n")
    with pytest.raises(RecipeError, match="how many steps"):
        rates_of(str(recipe))
    assert rates_of(str(recipe), steps=7).steps == 7
    assert rates_of(str(recipe), [], ["train.steps=9"]).steps == 9
