"""The noise of a batch's gradient: sampling theory holds for the engine, exactly where all batches can be listed."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from dllab.engine.network import Network, build
from dllab.lab.gradient_noise import gradient_noise

RECIPE = {"input": [3], "model": [{"dense": 4}, "tanh", {"dense": 1}], "loss": "mse", "optimizer": {"sgd": 0.1}}


def network() -> Network:
    return build(RECIPE, seed=1, dtype="float64")


def examples(rows: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    return draw.normal(size=(rows, 3)), draw.normal(size=(rows, 1))


def test_the_formula_is_the_mean_over_all_batches_there_are() -> None:
    net, (x, y) = network(), examples(6)
    found = gradient_noise(net, x, y, [2, 4, 6], draws=5)

    def gradient(rows: list[int]) -> np.ndarray:
        return np.concatenate([g.ravel() for g in net.loss_and_gradients(x[rows], y[rows])[1].values()])

    whole = gradient(list(range(6)))
    for size, predicted in zip((2, 4), found.predicted):
        every = [np.square(gradient(list(rows)) - whole).sum() for rows in combinations(range(6), size)]
        assert predicted == pytest.approx(np.mean(every))
    assert found.measured[2] < 1e-25 and found.predicted[2] == 0
    assert found.length == pytest.approx(np.linalg.norm(whole))


def test_what_is_drawn_comes_near_it_but_not_with_replacement() -> None:
    net, (x, y) = network(), examples(40)
    for replacement in (False, True):
        found = gradient_noise(net, x, y, [4, 30], draws=400, replacement=replacement)
        ratio = found.measured / found.predicted
        expected = [39 / 36, 39 / 10] if replacement else [1, 1]
        assert ratio == pytest.approx(expected, rel=0.2)
