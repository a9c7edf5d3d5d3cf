"""Verdicts on real runs: one optimizer under four names is told apart from itself in at most one comparison of twenty."""

from __future__ import annotations

import numpy as np
import pytest
from marks import compiled_only

from dllab.lab.paired import ALPHA, pairs_of
from dllab.recipe import load
from dllab.training.series import Series

RUNS, COMPARISONS = 300, 600


@pytest.fixture(scope="module")
def figures() -> dict[str, np.ndarray]:
    """Test figures of one recipe, trained shortly with many seeds, so that they lie far apart."""
    recipe = load("moons", ["train.epochs=3", "data.samples=200", "optimizer.lr=0.02"])
    series = Series(recipe)
    ends = [series.train(recipe, seed).figures["test"] for seed in range(RUNS)]
    return {name: np.array([end[name] for end in ends]) for name in ("accuracy", "loss")}


@compiled_only
@pytest.mark.parametrize(("metric", "grain"), [("accuracy", 0.02), ("loss", 0.0)])
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_one_optimizer_under_four_names(figures: dict[str, np.ndarray], metric: str, grain: float, seeds: int) -> None:
    rng = np.random.default_rng(seeds)
    assert figures[metric].std() > 0.01, "there is something to be told apart by mistake"
    alarms = 0
    for _ in range(COMPARISONS):
        values = figures[metric][rng.permutation(RUNS)[: 4 * seeds]].reshape(4, seeds)
        alarms += any(pair.significant for pair in pairs_of(values.tolist(), grain))
    assert alarms / COMPARISONS <= ALPHA + 0.02, "two standard errors are 0.018"
