"""Attention against numpy, head by head; what it must not see; positions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from nets import batch, net, worst_error

from dllab.engine.network import Network
from dllab.engine.question import question_of
from dllab.plan.plan import Column, Plan
from dllab.recipe import load
from dllab.symbols import LENGTHS

Array = np.ndarray[Any, Any]
ENDING = (Column(LENGTHS, (), "int32"),)


def twin(x: Array, m: Array, p: dict[str, Array], heads: int, causal: bool = False, lengths: Any = None) -> Array:
    """Y (B, T, F), one head, example and step after the other."""
    q, k, v = (of @ p[f"w{name}"] + p.get(f"b{name}", 0.0) for name, of in (("q", x), ("k", m), ("v", m)))
    y, part = np.zeros(q.shape), q.shape[2] // heads
    for n, t, h in np.ndindex(len(x), x.shape[1], heads):
        end = m.shape[1] if lengths is None else lengths[n]
        end = min(end, t + 1) if causal else end
        place = slice(h * part, (h + 1) * part)
        if "u" in p:
            scores = np.tanh(q[n, t, place] + k[n, :end, place]) @ p["u"][h]
        else:
            scores = k[n, :end, place] @ q[n, t, place] / np.sqrt(part)
        shares = np.exp(scores - scores.max())
        y[n, t, place] = shares / shares.sum() @ v[n, :end, place]
    return y @ p["wo"] + p.get("bo", 0.0)


def parameters(network: Network, layer: str) -> dict[str, Array]:
    return {label.rpartition(".")[2]: v for label, v in network.parameters.items() if label.startswith(f"{layer}.")}


@pytest.mark.parametrize("kind", ["dot", "additive"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    ("steps", "features", "options"),
    [(4, 6, {"heads": 2}), (1, 3, {}), (9, 4, {"heads": 3, "units": 12}), (35, 5, {"heads": 5, "bias": False})],
)
def test_it_is_its_definition(steps: int, features: int, options: dict[str, Any], causal: bool, kind: str) -> None:
    network = net([{"attention": {**options, "causal": causal, "kind": kind}}], [steps, features], extras=ENDING)
    x, _ = batch(network, 3)
    lengths = np.array([steps, 1, (steps + 1) // 2])
    expected = twin(x, x, parameters(network, "0_attention"), options.get("heads", 1), causal, lengths)
    np.testing.assert_allclose(network.forward(x, lengths=lengths), expected, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"kind": "additive", "heads": 2}, {"heads": 2, "causal": True}])
def test_a_memory_of_other_length_and_width(options: dict[str, Any]) -> None:
    model = [{"reshape": {"shape": [3, 8], "name": "m"}}, {"attention": {"memory": "m", **options, "from": "input"}}]
    network = net(model, [6, 4])
    x, _ = batch(network, 2)
    expected = twin(x, x.reshape(2, 3, 8), parameters(network, "1_attention"), options.get("heads", 1), "causal" in options)
    np.testing.assert_allclose(network.forward(x), expected, atol=1e-12)


def test_a_memory_ends_where_its_own_sequences_end() -> None:
    model = [{"dense": {"units": 3, "name": "m"}}, {"dense": {"units": 4, "from": "input"}}, {"attention": {"memory": "m"}}]
    network = net(model, [5, 2], extras=ENDING)
    x, _ = batch(network, 3)
    lengths = np.array([2, 5, 1])
    m, q = (x @ network.parameters[f"{layer}.w"] + network.parameters[f"{layer}.b"] for layer in ("m", "1_dense"))
    expected = twin(q, m, parameters(network, "2_attention"), 1, lengths=lengths)
    np.testing.assert_allclose(network.forward(x, lengths=lengths), expected, atol=1e-12)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("shards", [1, 2])
def test_gradients(causal: bool, shards: int) -> None:
    network = net([{"attention": {"heads": 2, "causal": causal}}, {"dense": 1}], [4, 4], shards=shards)
    assert worst_error(network) < 1e-6  # that of bk is 0: every score of a row moves alike


@pytest.mark.parametrize("kind", ["dot", "additive"])
@pytest.mark.parametrize("later", [1e3, -1e30, np.inf, np.nan])
def test_causal_attention_leaks_nothing(later: float, kind: str) -> None:
    model = [{"attention": {"heads": 2, "causal": True, "kind": kind}}]
    network = net(model, [40, 4], "float32")
    x, _ = batch(network, 2)
    before = network.forward(x)
    x[:, 32:] = later  # the first step of a block
    np.testing.assert_array_equal(network.forward(x)[:, :32], before[:, :32])


@pytest.mark.parametrize("place", range(1, 7))
def test_no_bit_of_an_earlier_step_changes(place: int) -> None:
    model = [{"attention": {"heads": 2, "causal": True}}, {"transformer_block": {"heads": 2, "causal": True}}]
    network = net(model, [7, 4], "float32")
    x, _ = batch(network, 2)
    before = network.forward(x)
    x[:, place:] = 1e3 * x[:, place:] + 7
    after = network.forward(x)
    np.testing.assert_array_equal(after[:, :place], before[:, :place])
    assert (after[:, place:] != before[:, place:]).any()


def of_letters(model: list[Any], steps: int, **changes: Any) -> Network:
    """A net from ids to labels at every step, of which -1 counts nowhere."""
    recipe = load({"input": [steps], "model": model, "loss": "cross_entropy", "optimizer": "sgd"})
    question = question_of(recipe, None, precision="float64", batch=4)
    assert question.targets is not None
    return Network(Plan(replace(question, targets=replace(question.targets, gaps=True), **changes)))


@pytest.mark.parametrize("kind", ["dot", "additive"])
def test_no_gradient_comes_from_what_was_not_seen(kind: str) -> None:
    options = {"heads": 2, "causal": True, "kind": kind}
    network = of_letters([{"embedding": {"size": 9, "units": 4}}, {"attention": options}, {"dense": 3}], 20)
    x = np.random.default_rng(1).integers(0, 8, (4, 20))
    y = np.random.default_rng(2).integers(0, 3, (4, 20))
    x[:, 18:], y[:, 18:] = 8, -1  # letter 8 comes late, where no label counts
    _, gradients = network.loss_and_gradients(x, y)
    table = gradients["0_embedding.w"]
    np.testing.assert_array_equal(table[8], 0)
    assert (table[:8] != 0).all()


@pytest.mark.parametrize("options", [{}, {"causal": True}, {"kind": "additive"}])
def test_padding_changes_no_bit(options: dict[str, Any]) -> None:
    model = [{"embedding": {"size": 9, "units": 4}}, {"attention": {"heads": 2, **options}}, {"dense": 3}]
    network = of_letters(model, 20, extras=ENDING)
    lengths = np.array([20, 3, 17, 1])
    x = np.random.default_rng(1).integers(0, 7, (4, 20))
    y = np.random.default_rng(2).integers(0, 3, (4, 20))
    there = np.arange(20) < lengths[:, None]
    y[~there], found = -1, []
    for filler in (7, 8):
        x[~there] = filler
        loss, gradients = network.loss_and_gradients(x, y, lengths=lengths)
        np.testing.assert_array_equal(gradients["0_embedding.w"][filler], 0)
        found.append(
            (network.forward(x, lengths=lengths)[there], loss, gradients["1_attention.wk"], gradients["2_dense.w"])
        )
    for one, other in zip(*found):
        np.testing.assert_array_equal(one, other)
        assert np.isfinite(one).all()


def test_shares_are_dropped_in_training_alone() -> None:
    network = net([{"attention": {"dropout": 0.5, "bias": False}}], [4, 6])
    plain = net([{"attention": {"bias": False}}], [4, 6])
    x, _ = batch(network, 8)
    np.testing.assert_array_equal(network.forward(x), plain.forward(x))
    p = parameters(network, "0_attention")
    ways = np.linalg.pinv(x @ p["wv"])  # (B, F, T): back from sums of v to the shares
    whole = plain.forward(x) @ np.linalg.inv(p["wo"]) @ ways
    factors = network.forward(x, training=True) @ np.linalg.inv(p["wo"]) @ ways / whole  # (B, T, T)
    np.testing.assert_allclose(factors[factors > 1], 2, rtol=1e-6)
    np.testing.assert_allclose(factors[factors < 1], 0, atol=1e-6)
    assert 40 <= (factors > 1).sum() <= 88  # of 128


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
