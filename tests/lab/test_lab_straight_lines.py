"""The best line is found by trying all; a stack of linear layers is one."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.engine.network import build
from dllab.lab.straight_lines import best_line, multiplied_out
from dllab.recipe import parse


def test_corners_of_a_square() -> None:
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    assert best_line(corners, [0, 0, 0, 1]) == 1
    assert best_line(corners, [1, 0, 0, 0]) == 1
    assert best_line(corners, [0, 1, 1, 0]) == 0.75
    assert best_line(corners, [1, 1, 1, 1]) == 1


def test_points_that_lie_level_are_not_cut_apart() -> None:
    assert best_line([[1, 1]] * 4, [0, 1, 0, 1]) == 0.5
    assert best_line([[1, 1]] * 4, [1, 1, 0, 1]) == 0.75


def test_every_cut_is_tried() -> None:
    """Against one threshold after the other."""
    random = np.random.default_rng(0)
    x, labels = random.normal(size=(30, 2)), random.integers(0, 2, 30)
    tried = 0.0
    for turn in np.radians(np.arange(0, 180, 10)):
        along = x @ (np.cos(turn), np.sin(turn))
        for cut in (*along, 9):
            share = float(((along >= cut) == labels).mean())
            tried = max(tried, share, 1 - share)
    assert best_line(x, labels, 18) == pytest.approx(tried)


def test_a_stack_is_one_matrix() -> None:
    net = build(parse("{input: [3], model: [{dense: 5}, identity, {dense: 4}, {dense: 2}]}"), seed=0, dtype="float64")
    for values in net.parameters.values():
        values += 0.1
    w, b = multiplied_out(net)
    x = np.random.default_rng(0).normal(size=(7, 3))
    assert w.shape == (3, 2) and np.abs(net.forward(x) - (x @ w + b)).max() < 1e-12
