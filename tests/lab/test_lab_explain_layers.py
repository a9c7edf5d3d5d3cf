"""Every layer and every loss of the catalogue has equations that hold, forward and backward; one without is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from marks import compiled_only

from dllab.catalogue import parts
from dllab.lab.explain import explain
from dllab.lab.explain_asked import Asked
from dllab.lab.explain_losses import LOSSES
from dllab.lab.explain_losses_more import SURFACES
from dllab.lab.explain_step import Moment
from dllab.lab.explanation import Explained
from dllab.losses.surface import LANDSCAPES
from dllab.recipe import load, shipped

pytestmark = compiled_only

TEXT = " ".join(f"the {one} sees the {other}" for one in ("cat", "dog", "cow") for other in ("sun", "moon", "tree"))


def vectors(*layers: str) -> tuple[str, ...]:
    return "iris", f"model=[{', '.join(layers)}]", "train.batch=5"


def pictures(*layers: str) -> tuple[str, ...]:
    """Behind the layer a convolution, so that all that it gives has a gradient."""
    return "digits-cnn", f"model=[{{conv: {{units: 2, stride: 2}}}}, {', '.join(layers)}]", "train.batch=3"


def letters(*layers: str) -> tuple[str, ...]:
    return "names-gru", f"model=[{', '.join(layers)}]", "train.batch=4"


def texts(*layers: str) -> tuple[str, ...]:
    return "languages", f"model=[embedding: 4, {', '.join(layers)}, dense: classes]", "train.batch=4"


FLAT, END = "flatten", "dense: classes"
ACTIVATIONS = (
    "elu", "gelu", "hard_tanh", "leaky_relu", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softplus", "softsign",
    "tanh", "softmax", "step", "gaussian_noise", "layer_norm", "identity", "batch_norm",
)  # fmt: skip
NETS: dict[str, tuple[str, ...]] = {
    **{name: vectors("dense: 4", name, END) for name in ACTIVATIONS},
    "dropout": vectors("dense: 9", "dropout: 0.5", END),
    "dense": vectors("dense: 4", END),
    "repeat": vectors("repeat: {times: 2, layers: [dense: 4, tanh]}", END),
    "residual": vectors("dense: 4", "residual: [dense: 4, tanh]", END),
    "branches": vectors("dense: 4", "branches: [[dense: 2], [tanh]]", END),
    "conv": pictures("conv: 3", FLAT, END),
    "depthwise_conv": pictures("depthwise_conv: {kernel: 2, multiplier: 2}", FLAT, END),
    "conv_transpose": pictures("conv_transpose: {units: 2, kernel: 3, stride: 2}", FLAT, END),
    "group_norm": pictures("conv: {units: 4, kernel: 1}", "group_norm: 2", FLAT, END),
    "instance_norm": pictures("instance_norm", FLAT, END),
    "max_pool": pictures("max_pool: {size: 2, stride: 1}", FLAT, END),
    "avg_pool": pictures("avg_pool: {size: 2, stride: 1, padding: same}", FLAT, END),
    "global_avg_pool": pictures("global_avg_pool", END),
    "global_max_pool": pictures("global_max_pool", END),
    "upsample": pictures("upsample: 2", FLAT, END),
    "flatten": pictures(FLAT, END),
    "reshape": pictures("reshape: [-1, 2]", FLAT, END),
    "conv1d": letters("embedding: 4", "conv1d: {units: 4, padding: causal}", END),
    "embedding": letters("embedding: 4", END),
    "one_hot": letters("one_hot", END),
    "positional": letters("embedding: 4", "positional: learned", END),
    "rnn": letters("embedding: 4", "rnn: 3", END),
    "gru": letters("embedding: 4", "gru: 3", END),
    "lstm": letters("embedding: 4", "lstm: 3", END),
    "attention": letters("embedding: 4", "attention: {heads: 2, causal: true}", END),
    "transformer_block": letters("embedding: 4", "transformer_block: {heads: 2, causal: true}", END),
    "tied_dense": letters("embedding: {units: 4, name: table}", "tanh", "tied_dense: table"),
    "bidirectional": texts("bidirectional: [gru: 3]", "last_step"), "last_step": texts("rnn: 3", "last_step"),
    "point": ("xor", "model=[point: [-1.5, 2.0]]", "loss=surface"),
    "skip_gram": ("word2vec", "model=[skip_gram: 4]"),
    "cbow": ("word2vec-cbow", "model=[cbow: 4]"),
    "glove": ("glove", "model=[glove: 4]"),
}  # fmt: skip
WITHOUT_GRADIENT = ("step", "one_hot")
"""Layers through which nothing goes back."""
MORE = {
    "warm": vectors("dense: 4", "softmax: 2.0", END), "leaky": vectors("dense: 4", "leaky_relu: 0.2", END),
    "plain norm": vectors("dense: 4", "layer_norm: {gain: false, bias: false}", END),
    "frozen norm": (*vectors("dense: 4", "batch_norm", "tanh", END), "freeze=[1_batch_norm]"),
    "added": vectors("dense: 4", "branches: {paths: [[dense: 4], [tanh], [dense: 4, tanh]], join: add}", END),
    "projected": vectors("dense: 3", "residual: {layers: [dense: 5], shortcut: projection}", END),
    "scaled": letters("embedding: {units: 4, scale: true}", "positional", END),
    "scaled and tied": letters("embedding: {units: 4, scale: true, name: e}", "tied_dense: {table: e, bias: false}"),
    "additive": letters("embedding: 4", "attention: {kind: additive, causal: true}", END),
    "dropped attention": letters("embedding: 4", "attention: {heads: 2, causal: true, dropout: 0.5}", END),
    "padded": pictures("conv: {units: 3, kernel: 2, dilation: 2, padding: same}", FLAT, END),
    "thin": pictures("depthwise_conv: {kernel: 2, stride: 2, padding: 1}", FLAT, END),
    "brush": pictures("conv_transpose: {units: 2, kernel: 4, stride: [3, 1], padding: 1, bias: false}", FLAT, END),
    "signal up": letters("embedding: 4", "upsample: 2", "conv1d: {units: 4, kernel: 2, stride: 2}", END),
    "wide": pictures("upsample: [1, 4]", FLAT, END),
    "steps pooled": texts("global_avg_pool"), "largest of steps": texts("global_max_pool"),
    "last of both": texts("bidirectional: {layers: [lstm: {units: 3, return: last}], join: add}"),
    "memory": ("dates", "train.batch=4"), "carried": ("carry", "train.batch=8"),
}  # fmt: skip


def told(words: tuple[str, ...], folder: Path, step: int = 2, asked: Asked | None = None) -> Explained:
    changes = list(words[1:])
    if words[0] in ("word2vec", "word2vec-cbow", "glove"):
        (folder / "text.txt").write_text((TEXT + ".\n\n") * 20)
        changes += [f"data.file={folder / 'text.txt'}", "data.test=0", "train.batch=16", "expect="]
    return explain(Moment(load(words[0], changes), step), asked or Asked())


def wrong(found: Explained) -> list[str]:
    pairs = [(section, equation) for section in found.sections for equation in section.equations if not equation.agrees]
    return [f"{s.path}: {e.left} = {e.formula}: {e.computed} here, {e.value} there" for s, e in pairs]


def test_all_layers_are_there() -> None:
    assert set(NETS) == set(parts("layers"))
    assert set(LOSSES) == set(parts("losses"))
    assert set(SURFACES) == set(LANDSCAPES)


@pytest.mark.parametrize("kind", NETS)
def test_every_layer_has_equations(kind: str, tmp_path: Path) -> None:
    found = told(NETS[kind], tmp_path)
    assert wrong(found) == []
    for part in ("forward", "backward"):
        sections = [section for section in found.sections if (section.part, section.kind) == (part, kind)]
        passes_on = part == "backward" and kind in ("repeat", *WITHOUT_GRADIENT)
        assert passes_on or any(section.equations for section in sections), f"{kind} has no equation {part}"


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE)
def test_their_options_too(name: str, tmp_path: Path) -> None:
    for unit in (None, 1, 2):
        found = told(MORE[name], tmp_path, 3, Asked(unit=unit))
        assert wrong(found) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in shipped() if not name.startswith("sonar-")])
def test_every_layer_of_the_shipped_recipes(name: str) -> None:
    """But those in folds, of which a step belongs to no one training."""
    for step in (1, 3):
        found = explain(Moment(load(name), step))
        assert wrong(found) == []
        paths = {section.path for section in found.sections if section.part == "forward"}
        assert paths == {section.path for section in found.sections if section.part == "forward" and section.equations}
        assert any(section.equations for section in found.sections if section.part == "loss")


@pytest.mark.parametrize("name", LANDSCAPES)
def test_landscapes(name: str, tmp_path: Path) -> None:
    found = told(("xor", "model=[point: [-1.5, 2.0]]", f"loss={{surface: {name}}}"), tmp_path, 2, Asked(layer="loss"))
    assert wrong(found) == [] and {e.left for e in found.equations} >= {"this loss", "dx[1]", "dx[2]"}
