"""Attention against numpy, head by head; what it must not see; positions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nets import batch, net, worst_error

Array = np.ndarray[Any, Any]


def twin(x: Array, p: dict[str, Array], heads: int, causal: bool) -> Array:
    """Y (B, T, F)."""
    q, k, v = (x @ p[f"w{name}"] + p.get(f"b{name}", 0.0) for name in "qkv")
    found = []
    for h in range(heads):
        part = slice(h * q.shape[2] // heads, (h + 1) * q.shape[2] // heads)
        scores = q[:, :, part] @ k[:, :, part].transpose(0, 2, 1) / np.sqrt(q.shape[2] // heads)
        if causal:
            scores = np.where(np.tril(np.ones(scores.shape[1:], bool)), scores, -np.inf)
        shares = np.exp(scores - scores.max(2, keepdims=True))
        found.append(shares / shares.sum(2, keepdims=True) @ v[:, :, part])
    return np.concatenate(found, axis=2) @ p["wo"] + p.get("bo", 0.0)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    ("steps", "features", "options"),
    [(4, 6, {"heads": 2}), (1, 3, {}), (9, 4, {"heads": 3, "units": 12}), (17, 5, {"heads": 5, "bias": False})],
)
def test_it_is_its_definition(steps: int, features: int, options: dict[str, Any], causal: bool) -> None:
    network = net([{"attention": {**options, "causal": causal}}], [steps, features])
    x, _ = batch(network, 3)
    p = {label.partition(".")[2]: values for label, values in network.parameters.items()}
    np.testing.assert_allclose(network.forward(x), twin(x, p, options.get("heads", 1), causal), atol=1e-12)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("shards", [1, 2])
def test_gradients(causal: bool, shards: int) -> None:
    network = net([{"attention": {"heads": 2, "causal": causal}}, {"dense": 1}], [4, 4], shards=shards)
    assert worst_error(network) < 1e-6  # that of bk is 0: every score of a row moves alike


def test_causal_attention_leaks_nothing() -> None:
    network = net([{"attention": {"heads": 2, "causal": True}}, {"attention": {"causal": True}}], [7, 4])
    x, _ = batch(network, 2)
    before = network.forward(x)
    x[:, 4:] = 1e3
    np.testing.assert_array_equal(network.forward(x)[:, :4], before[:, :4])


def test_without_positions_order_is_nothing() -> None:
    network = net([{"attention": {"heads": 2}}], [5, 4])
    x, _ = batch(network, 2)
    order = np.array([3, 1, 4, 0, 2])
    np.testing.assert_allclose(network.forward(x[:, order]), network.forward(x)[:, order], atol=1e-12)


def test_waves_of_many_lengths() -> None:
    network = net([{"positional": "sinusoidal"}], [6, 4])
    found = network.forward(np.zeros((1, 6, 4)))[0]
    for t in range(6):
        for i in (0, 1):
            angle = t / 10_000 ** (2 * i / 4)
            np.testing.assert_allclose(found[t, 2 * i : 2 * i + 2], [np.sin(angle), np.cos(angle)], atol=1e-12)


def test_learned_positions() -> None:
    network = net([{"positional": "learned"}], [3, 2])
    x, _ = batch(network, 2)
    np.testing.assert_allclose(network.forward(x), x + network.parameters["0_positional.p"], atol=1e-15)
    assert worst_error(network) < 1e-8
