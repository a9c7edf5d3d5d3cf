"""Recurrent layers against one step after the other in numpy; their gradients by central differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nets import batch, net, worst_error

Array = np.ndarray[Any, Any]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def states(kind: str, x: Array, p: dict[str, Array], activation: str = "tanh") -> Array:
    """All states (B, T, H)."""
    units = p["wh"].shape[0]
    h, c, found = np.zeros((len(x), units)), np.zeros((len(x), units)), []
    for t in range(x.shape[1]):
        own, before = x[:, t] @ p["wx"] + p["b"], h @ p["wh"]
        if kind == "rnn":
            h = np.maximum(own + before, 0) if activation == "relu" else np.tanh(own + before)
        elif kind == "lstm":
            i, f, g, o = np.split(own + before, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            (r, z, n), (hr, hz, hn) = np.split(own, 3, axis=1), np.split(before, 3, axis=1)
            r, z = sigmoid(r + hr), sigmoid(z + hz)
            n = np.tanh(n + r * (hn + p["bh"]))
            h = (1 - z) * n + z * h
        found.append(h)
    return np.stack(found, axis=1)


KINDS = ["rnn", "lstm", "gru"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("steps", "features", "units", "rows"), [(1, 2, 3, 2), (5, 3, 4, 1), (9, 1, 17, 5), (3, 20, 33, 16)]
)
def test_forward_is_the_definition(kind: str, steps: int, features: int, units: int, rows: int) -> None:
    network = net([{kind: units}], [steps, features])
    x, _ = batch(network, rows)
    p = {label.partition(".")[2]: values for label, values in network.parameters.items()}
    np.testing.assert_allclose(network.forward(x), states(kind, x, p), atol=1e-12)


def test_relu_states() -> None:
    network = net([{"rnn": {"units": 6, "activation": "relu"}}], [7, 2])
    x, _ = batch(network, 4)
    p = {label.partition(".")[2]: values for label, values in network.parameters.items()}
    np.testing.assert_allclose(network.forward(x), states("rnn", x, p, "relu"), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_state_alone(kind: str) -> None:
    whole, last = net([{kind: 4}], [6, 2]), net([{kind: {"units": 4, "return": "last"}}], [6, 2])
    x, _ = batch(whole, 3)
    np.testing.assert_array_equal(last.forward(x), whole.forward(x)[:, -1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", [{}, {"return": "last"}])
@pytest.mark.parametrize("shards", [1, 2])
def test_gradients(kind: str, more: dict[str, Any], shards: int) -> None:
    network = net([{kind: {"units": 3, **more}}, {"dense": 2}], [5, 2], shards=shards)
    assert worst_error(network) < 1e-8


@pytest.mark.parametrize("kind", KINDS)
def test_no_step_sees_a_later_one(kind: str) -> None:
    network = net([{kind: 5}, {kind: 4}], [8, 3])
    x, _ = batch(network, 2)
    before = network.forward(x)
    x[:, 5:] += 1
    after = network.forward(x)
    np.testing.assert_array_equal(after[:, :5], before[:, :5])
    assert not np.array_equal(after[:, 5:], before[:, 5:])


def test_the_forget_gate_is_open_at_the_start() -> None:
    import dllab

    b = dllab.build({"input": [3, 2], "model": [{"lstm": 4}], "loss": "mse"}).parameters["0_lstm.b"]
    assert b.tolist() == [0] * 4 + [1] * 4 + [0] * 8


def test_both_directions() -> None:
    network = net([{"bidirectional": [{"gru": 3}]}], [6, 2])
    x, _ = batch(network, 4)
    y = network.forward(x)
    parts = {}
    for way in ("ahead", "back"):
        parts[way] = {
            label.rpartition(".")[2]: values for label, values in network.parameters.items() if f".{way}." in label
        }
    np.testing.assert_allclose(y[:, :, :3], states("gru", x, parts["ahead"]), atol=1e-12)
    np.testing.assert_allclose(y[:, :, 3:], states("gru", x[:, ::-1], parts["back"])[:, ::-1], atol=1e-12)
    assert worst_error(network) < 1e-8
