"""What the recipes of small pictures and curves say beside the figures they must reach."""

from __future__ import annotations

import re

import numpy as np
import pytest
from marks import compiled_only

import dllab
from dllab.engine.prepare import prepared
from dllab.recipe import load


def missed_by_components(count: int) -> float:
    """The mean square by which so many principal components of the training rows miss the test rows."""
    data = prepared(load("conv-autoencoder"))
    assert data is not None
    train, test = (data.seen(rows).reshape(len(rows), -1) for rows in (data.splits.train, data.splits.test))
    mean = train.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov(train - mean, rowvar=False))  # by how much they explain, the most last
    kept = directions[:, -count:]
    return float(np.mean(np.square(test - mean - (test - mean) @ kept @ kept.T)))


def test_the_autoencoder_must_beat_straight_lines_of_as_many_numbers() -> None:
    recipe = load("conv-autoencoder")
    (code,) = (entry.part.units for entry in recipe.model if entry.label == "code")  # type: ignore[attr-defined]
    missed = missed_by_components(code)
    (told,) = re.findall(r"miss by ([\d.]+) on", recipe.text)
    assert round(missed, 4) == float(told)
    assert recipe.expect["test_loss"] < 0.7 * missed


@compiled_only
@pytest.mark.slow
def test_what_its_code_holds_is_needed() -> None:
    """With four numbers instead of sixteen the net misses by far more."""
    half = dllab.train("conv-autoencoder", ["model.code.units=4"], save=False).metrics["test"]["loss"]
    assert half > 2 * load("conv-autoencoder").expect["test_loss"]


# ---- MNIST-1D, and what is left of it when its points are shuffled --------------------------------------------------


@compiled_only
def test_logistic_regression_knows_no_order() -> None:
    one, other = (dllab.train("mnist1d-linear", [f"data.shuffle={value}"], save=False) for value in ("false", "true"))
    assert one.metrics["test"]["accuracy"] == other.metrics["test"]["accuracy"] >= 0.325
    assert one.metrics["train"]["loss"] == pytest.approx(other.metrics["train"]["loss"], abs=1e-4)


@compiled_only
@pytest.mark.slow
@pytest.mark.parametrize(("name", "low", "high"), [("mnist1d-mlp", 0.68, 0.74), ("mnist1d-cnn", 0.56, 0.66)])
def test_without_neighbours_a_dense_net_stays_as_good_and_a_cnn_does_not(name: str, low: float, high: float) -> None:
    for seed in range(3):
        result = dllab.train(name, ["data.shuffle=true"], seed=seed, save=False)
        assert low <= result.metrics["test"]["accuracy"] <= high
