"""Down to a loss: counted to the update, as training goes, and never where it does not get there."""

from __future__ import annotations

import math

import pytest

from dllab.lab.until import until
from dllab.recipe import Recipe, parse
from dllab.training.series import Series

TEXT = """\
data: {name: blobs, classes: 3, samples: 100, test: 0}
model: [{dense: classes}]
optimizer: {sgd: 0.1}
train: {epochs: 4, batch: 32}
"""


def recipe(*changes: str) -> Recipe:
    return parse(TEXT, list(changes), "r.yaml")


def test_it_is_the_first_update_of_a_training_with_such_a_loss() -> None:
    """Runs of one step more and one less say so; four updates make an epoch, whose last takes 4 rows."""
    losses = []
    for steps in range(1, 11):
        shorter = recipe("train.epochs=", f"train.steps={steps}")
        losses.append(Series(shorter).train(shorter, 3).figures["train"]["loss"])
    target = (losses[4] + losses[5]) / 2
    first = next(step for step, loss in enumerate(losses, 1) if loss < target)
    [found] = until(recipe(), target, [3])
    assert found.updates == first == 6 and found.seconds > 0
    assert found.epochs == pytest.approx(1 + 64 / 100)
    assert until(recipe(), target, [3], every=4)[0].updates == 8
    assert until(recipe(), target, [5, 3])[1].updates == found.updates, "seeds know nothing of each other"


@pytest.mark.parametrize(("change", "target"), [("train.epochs=1", 1e-6), ("optimizer={sgd: 1000000}", -1.0)])
def test_where_it_never_gets_there_is_no_number(change: str, target: float) -> None:
    """Too few steps, or too long ones: with squared error they diverge."""
    [found] = until(recipe("loss=mse", change), target, [0])
    assert math.isnan(found.updates) and math.isnan(found.epochs)
