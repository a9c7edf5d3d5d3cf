"""Transformer blocks against the layers they are made of, and against PyTorch where that is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nets import batch, net

from dllab.core import rng
from dllab.engine.network import Network
from dllab.plan.plan import Column
from dllab.symbols import LENGTHS

ENDING = (Column(LENGTHS, (), "int32"),)


def copied(to: Network, of: Network) -> None:
    """The same numbers in two nets that list the same arrays."""
    for (one, a), (other, b) in zip(to.parameters.items(), of.parameters.items(), strict=True):
        assert a.shape == b.shape, f"{one} {a.shape}, {other} {b.shape}"
        a[...] = b


def pre(options: dict[str, Any], activation: str, width: int, features: int) -> list[Any]:
    return [
        {"residual": ["layer_norm", {"attention": options}]},
        {"residual": ["layer_norm", {"dense": width}, activation, {"dense": features}]},
    ]


def post(options: dict[str, Any], activation: str, width: int, features: int) -> list[Any]:
    return [
        {"residual": [{"attention": options}]}, "layer_norm",
        {"residual": [{"dense": width}, activation, {"dense": features}]}, "layer_norm",
    ]  # fmt: skip


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize(("activation", "width"), [("gelu", None), ("relu", 5)])
def test_a_block_is_its_layers_bit_for_bit(norm: str, activation: str, width: int | None, shards: int) -> None:
    attention = {"heads": 2, "causal": True}
    block = {**attention, "norm": norm, "activation": activation, "width": width}
    form = pre if norm == "pre" else post
    one = net([{"transformer_block": block}, {"dense": 3}], [7, 6], "float32", shards=shards, extras=ENDING)
    other = net(
        [*form(attention, activation, width or 24, 6), {"dense": 3}], [7, 6], "float32", shards=shards, extras=ENDING
    )
    copied(one, other)
    x, y = batch(one, 6)
    lengths = np.array([7, 1, 4, 6, 2, 7])
    np.testing.assert_array_equal(one.forward(x, lengths=lengths), other.forward(x, lengths=lengths))
    (loss, gradients), (same, others) = (n.loss_and_gradients(x, y, lengths=lengths) for n in (one, other))
    assert loss == same
    for a, b in zip(gradients.values(), others.values(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_block_begins_as_its_layers_do() -> None:
    one = net([{"transformer_block": 2}, {"dense": 3}], [5, 4])
    other = net([*pre({"heads": 2}, "gelu", 16, 4), {"dense": 3}], [5, 4])
    for a, b in zip(one.parameters.values(), other.parameters.values(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert rng.key(0, rng.STREAM_INIT, 0) != rng.key(0, rng.STREAM_INIT, 1)


def test_a_decoders_block() -> None:
    memory = {"dense": {"units": 3, "name": "m"}}
    target = {"dense": {"units": 4, "name": "x", "from": "input"}}
    one = net([memory, target, {"transformer_block": {"heads": 2, "memory": "m", "causal": True}}], [5, 2])
    across = {"residual": ["layer_norm", {"attention": {"heads": 2, "memory": "m"}}]}
    looking, feeding = pre({"heads": 2, "causal": True}, "gelu", 16, 4)
    other = net([memory, target, looking, across, feeding], [5, 2])
    copied(one, other)
    x, y = batch(one, 3)
    np.testing.assert_array_equal(one.forward(x), other.forward(x))
    for a, b in zip(one.loss_and_gradients(x, y)[1].values(), other.loss_and_gradients(x, y)[1].values(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_names_of_a_blocks_parameters_and_of_repeated_ones() -> None:
    network = net([{"repeat": {"times": 2, "layers": [{"transformer_block": {"heads": 2}}]}}], [5, 4])
    attention = [f"attention.{kind}{name}" for name in "qkvo" for kind in "wb"]
    parts = [
        "norm1.gain",
        "norm1.bias",
        *attention,
        "norm2.gain",
        "norm2.bias",
        "dense1.w",
        "dense1.b",
        "dense2.w",
        "dense2.b",
    ]
    names = [f"0_repeat.{time}.0_transformer_block.{part}" for time in "01" for part in parts]
    assert sorted(network.parameters) == sorted(names)
    first, second = (network.parameters[f"0_repeat.{time}.0_transformer_block.dense1.w"] for time in "01")
    assert (first != second).any()


def test_a_label_like_a_part_of_a_block_is_another_layer() -> None:
    model = [{"dense": {"units": 4, "name": "attention"}}, {"transformer_block": 2}, {"identity": {"from": "attention"}}]
    network = net(model, [3, 4])
    x, _ = batch(network, 2)
    expected = x @ network.parameters["attention.w"] + network.parameters["attention.b"]
    np.testing.assert_allclose(network.forward(x), expected, atol=1e-12)


def test_dropout_drops_in_training_alone() -> None:
    network = net([{"transformer_block": {"heads": 2, "dropout": 0.5}}], [5, 4])
    plain = net([{"transformer_block": {"heads": 2}}], [5, 4])
    x, _ = batch(network, 3)
    np.testing.assert_array_equal(network.forward(x), plain.forward(x))
    assert (network.forward(x, training=True) != plain.forward(x)).any()


# ---- PyTorch -------------------------------------------------------------------------------------------------------


def given(torch: Any, values: np.ndarray) -> Any:
    return torch.nn.Parameter(torch.from_numpy(np.ascontiguousarray(values)))


def put_attention(torch: Any, module: Any, p: dict[str, np.ndarray], path: str) -> None:
    """Our matrices (F, units) as PyTorch's, which lie the other way round and above each other."""
    module.in_proj_weight = given(torch, np.concatenate([p[f"{path}w{name}"].T for name in "qkv"]))
    module.in_proj_bias = given(torch, np.concatenate([p[f"{path}b{name}"] for name in "qkv"]))
    module.out_proj.weight, module.out_proj.bias = given(torch, p[f"{path}wo"].T), given(torch, p[f"{path}bo"])


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("memory", [False, True])
def test_attention_is_pytorchs(causal: bool, memory: bool) -> None:
    torch = pytest.importorskip("torch")
    options = {"heads": 2, "causal": causal, **({"memory": "m"} if memory else {})}
    model = [{"dense": {"units": 6, "name": "m"}}, {"dense": {"units": 6, "name": "q", "from": "input"}},
             {"attention": options}]  # fmt: skip
    network = net(model, [5, 3], extras=ENDING)
    x, y = batch(network, 3)
    lengths = np.array([5, 2, 4])
    p = network.parameters
    module = torch.nn.MultiheadAttention(6, 2, batch_first=True, dtype=torch.float64)
    put_attention(torch, module, p, "2_attention.")
    q = torch.from_numpy(x @ p["q.w"] + p["q.b"])
    m = torch.from_numpy(x @ p["m.w"] + p["m.b"]) if memory else q
    unseen = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1) if causal else None
    padding = torch.from_numpy(np.arange(5) >= lengths[:, None])
    found, _ = module(q, m, m, key_padding_mask=padding, attn_mask=unseen)
    np.testing.assert_allclose(network.forward(x, lengths=lengths), found.detach().numpy(), atol=1e-10)
    loss = ((found - torch.from_numpy(y)) ** 2).mean()
    loss.backward()
    _, gradients = network.loss_and_gradients(x, y, lengths=lengths)
    wq = module.in_proj_weight.grad[:6].T.numpy()
    scale = np.abs(gradients["2_attention.wq"]).max() / np.abs(wq).max()  # the losses' means differ in a factor
    np.testing.assert_allclose(gradients["2_attention.wq"], scale * wq, atol=1e-10 * scale)
    expected = scale * module.in_proj_weight.grad[12:].T.numpy()
    np.testing.assert_allclose(gradients["2_attention.wv"], expected, atol=1e-10 * scale)


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_a_block_is_pytorchs_encoder_layer(norm: str, activation: str) -> None:
    torch = pytest.importorskip("torch")
    network = net([{"transformer_block": {"heads": 2, "width": 7, "norm": norm, "activation": activation}}], [5, 6])
    x, _ = batch(network, 3)
    p = {label.removeprefix("0_transformer_block."): values for label, values in network.parameters.items()}
    module = torch.nn.TransformerEncoderLayer(
        6, 2, 7, dropout=0.0, activation=activation, batch_first=True, norm_first=norm == "pre", dtype=torch.float64
    )
    put_attention(torch, module.self_attn, p, "attention.")
    for name in "12":
        linear, normed = getattr(module, f"linear{name}"), getattr(module, f"norm{name}")
        linear.weight, linear.bias = given(torch, p[f"dense{name}.w"].T), given(torch, p[f"dense{name}.b"])
        normed.weight, normed.bias = given(torch, p[f"norm{name}.gain"]), given(torch, p[f"norm{name}.bias"])
    found = module(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(network.forward(x), found, atol=1e-9)
