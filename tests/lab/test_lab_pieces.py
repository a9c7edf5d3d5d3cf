"""Straight pieces are counted, and folds make as many as they should."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.engine.network import Network, build
from dllab.lab.pieces import curve, fold, pieces, scatter

X = np.linspace(0, 1, 1025)


def net(*model: object) -> Network:
    return build({"input": [1], "model": list(model)}, dtype="float64")


def test_pieces_of_known_curves() -> None:
    assert pieces(X, 3 * X) == 1 and pieces(X, 0 * X) == 1
    assert pieces(X, np.abs(X - 0.5)) == 2, "a kink at a point"
    assert pieces(X, np.abs(X - 0.3001) + np.abs(X - 0.7003)) == 3, "kinks between points"


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_folds_double_the_pieces(layers: int) -> None:
    made = net({"repeat": {"times": layers, "layers": [{"dense": 2}, "relu"]}}, {"dense": 1})
    fold(made)
    y = made.forward(X[:, None])[:, 0]
    assert pieces(X, y) == 2**layers
    assert y.min() == 0 and y.max() == 1 and y[:: 1024 // 2**layers].tolist() == [0, 1] * 2 ** (layers - 1) + [0]


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_a_last_layer_of_thirds_makes_more(layers: int) -> None:
    made = net({"repeat": {"times": layers, "layers": [{"dense": 2}, "relu"]}}, {"dense": 1})
    fold(made, thirds=True)
    y = made.forward(X[:, None])[:, 0]
    assert pieces(X, y) == 3 * 2 ** (layers - 1)
    assert y[:: 1024 // 2 ** (layers - 1)].tolist() == pytest.approx(([4 / 3, 2] * 2**layers)[: 2 ** (layers - 1) + 1])


def test_one_layer_has_a_piece_more_than_units() -> None:
    made = net({"dense": 4}, "relu", {"dense": 1})
    w, b, out, _ = made.parameters.values()
    w[...], b[...], out[...] = 1, -np.array([0.2, 0.4, 0.6, 0.8]), np.array([[1], [-2], [2], [-2]])
    assert pieces(X, made.forward(X[:, None])[:, 0]) == 5


def test_scattered_kinks_lie_between_0_and_1() -> None:
    made = net({"dense": 6}, "relu", {"dense": 1})
    counts = []
    for seed in range(10):
        scatter(made, seed)
        w, b, *_ = made.parameters.values()
        assert ((-b / w[0] > 0) & (-b / w[0] < 1)).all()
        counts.append(pieces(X, curve(made, X)))
    assert max(counts) == 7 and curve(made, X).shape == X.shape


def test_other_nets_cannot_be_folded() -> None:
    with pytest.raises(ValueError, match="2 units"):
        fold(net({"dense": 3}, "relu", {"dense": 1}))
