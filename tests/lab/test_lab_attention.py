"""Where heads look: the shares against plain loops, the steps that are there, and what is said of each head."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from marks import compiled_only

from dllab.data.table_text import TableError
from dllab.engine.inside import Inside
from dllab.lab.attention import _head, look
from dllab.lab.subject import Subject
from dllab.lab.suits import Unsuited
from dllab.recipe import load
from dllab.symbols import COLUMN

pytestmark = compiled_only

WORDS = {"name": "reversal", "min_length": 2, "max_length": 5, "symbols": 4, "samples": 200}
SPEAKER: dict[str, Any] = {
    "data": WORDS,
    "model": [
        {"embedding": 6}, {"gru": {"units": 6, "return": "sequence", "name": "encoder"}},
        {"embedding": {"units": 6, "from": "decoder"}}, {"gru": {"units": 6, "start": "encoder"}},
        {"attention": {"memory": "encoder", "heads": 2}}, {"dense": "classes"},
    ],
    "train": {"steps": 2, "batch": 16},
}  # fmt: skip
READER: dict[str, Any] = {
    "data": {"name": "names", "which": "female"},
    "model": [{"embedding": 6}, {"transformer_block": {"heads": 2, "causal": True}}, {"dense": "classes"}],
    "train": {"steps": 1},
}


def softmax_twin(subject: Subject, path: str, x: np.ndarray, heads: int) -> np.ndarray:
    """The shares of causal attention over x (T, F), by loops."""
    weights = {name: subject.network.parameters[f"{path}.{name}"].astype(np.float64) for name in ("wq", "wk", "bq", "bk")}
    q, k = x @ weights["wq"] + weights["bq"], x @ weights["wk"] + weights["bk"]
    part = q.shape[1] // heads
    found = np.zeros((heads, len(x), len(x)))
    for h in range(heads):
        own = slice(h * part, (h + 1) * part)
        for t in range(len(x)):
            scores = [q[t, own] @ k[s, own] / np.sqrt(part) for s in range(t + 1)]
            powers = np.exp(np.array(scores) - max(scores))
            found[h, t, : t + 1] = powers / powers.sum()
    return found


def test_shares_are_those_of_the_engine_for_the_steps_that_are_there() -> None:
    subject = Subject.untrained(load(READER))
    row = int(subject.rows()[3])
    found = look(subject, "test", 3)
    (layer,) = found.layers
    length = int(subject.data.dataset.columns["lengths"][row])
    ids = subject.data.dataset.columns["inputs"][row, :length]
    assert layer.asks == layer.looked_at == tuple(subject.data.dataset.vocabulary[i] for i in ids)
    assert layer.causal and not layer.memory and (found.place, found.row, found.text) == (3, row, "".join(layer.asks))
    inside = subject.inference(np.array([row]))
    normed = inside.output("1_transformer_block.norm1")[0, :length].astype(np.float64)
    twin = softmax_twin(subject, layer.path, normed, 2)
    for head in layer.heads:
        np.testing.assert_allclose(head.shares, twin[head.number - 1], atol=1e-5)


def test_a_text_is_looked_at_as_a_row_is() -> None:
    subject = Subject.untrained(load(READER))
    one = look(subject, "test", 0)
    other = look(subject, "test", 0, one.text.lstrip("."))
    assert (other.place, other.row, other.text) == (None, None, one.text)
    for a, b in zip(one.layers[0].heads, other.layers[0].heads):
        np.testing.assert_allclose(a.shares, b.shares, atol=1e-6)
    with pytest.raises(TableError, match="no letter that this net has learnt"):
        look(subject, "test", 0, "ß")


def test_a_decoder_looks_at_what_was_read() -> None:
    subject = Subject.untrained(load(SPEAKER))
    row = int(subject.rows()[1])
    found = look(subject, "test", 1)
    (layer,) = found.layers
    length = int(subject.data.dataset.columns["lengths"][row])
    assert layer.memory and not layer.causal and len(layer.heads) == 2
    assert (len(layer.asks), len(layer.looked_at)) == (length + 1, length)
    assert "".join(layer.looked_at) == found.text and "".join(layer.asks) == found.answer
    said = subject.inference(np.array([row])).outputs[0].reshape(-1, 5).argmax(axis=1)
    assert found.answer == "".join(subject.data.dataset.classes[i] for i in said[: length + 1])
    assert all(head.back is None for head in layer.heads)
    np.testing.assert_allclose(layer.heads[0].shares.sum(axis=1), 1, atol=1e-5)
    text = look(subject, "test", 0, "abc")
    assert text.layers[0].looked_at == ("a", "b", "c") and text.layers[0].asks == tuple(text.answer)


def test_of_a_text_a_decoder_reads_what_the_net_has_said() -> None:
    subject = Subject.untrained(load(SPEAKER))
    subject.network.parameters["2_embedding.w"][...] *= 9  # so that what is read tells
    subject.network.parameters["5_dense.b"][0] = -9.0  # and the answer is long
    found = look(subject, "test", 0, "abca")
    names, columns = subject.data.dataset.classes, subject.columns()
    inputs, decoder, lengths = (columns[COLUMN + name].copy() for name in ("inputs", "decoder", "lengths"))
    inputs[0], lengths[0] = [1, 2, 3, 1, 0], 4
    decoder[0] = 0
    for step in range(decoder.shape[1]):
        read = columns | {COLUMN + "inputs": inputs, COLUMN + "decoder": decoder, COLUMN + "lengths": lengths}
        inside = Inside.inference(subject.network, read, np.array([0]))
        decoder[0, step + 1 : step + 2] = inside.outputs[0].reshape(-1, len(names))[step].argmax()
    assert found.answer[:-1] == "".join(names[i] for i in decoder[0, 1:]) and "." not in found.answer
    p = inside.inner("4_attention", "p")[0]
    for head in found.layers[0].heads:
        np.testing.assert_allclose(head.shares, p[head.number - 1, : len(found.answer), :4], atol=1e-6)


def test_numbers_where_nothing_is_spelt() -> None:
    recipe = {
        "data": {"name": "adding", "length": 6, "samples": 40},
        "model": [{"dense": 4}, {"attention": 1}, "last_step", {"dense": "outputs"}],
        "train": {"steps": 1},
    }
    subject = Subject.untrained(load(recipe))
    (layer,) = look(subject, "test", 0).layers
    assert layer.asks == layer.looked_at == ("1", "2", "3", "4", "5", "6") and layer.unit == "step"
    assert not layer.memory and not layer.causal


def test_layers_by_path_and_by_kind() -> None:
    model = [
        {"embedding": 4},
        {"repeat": {"times": 2, "layers": [{"transformer_block": {"heads": 2}}]}},
        {"dense": "classes"},
    ]
    subject = Subject.untrained(load(READER | {"model": model}))
    paths = [layer.path for layer in look(subject, "test", 0).layers]
    assert len(paths) == 2 and [layer.path for layer in look(subject, "test", 0, layer=paths[1]).layers] == paths[1:]
    assert [layer.path for layer in look(subject, "test", 0, layer="attention").layers] == paths
    assert [layer.path for layer in look(subject, "test", 0, layer="1_repeat.1").layers] == paths[1:]
    with pytest.raises(Unsuited, match="no such layer") as refusal:
        look(subject, "test", 0, layer="0_embedding")
    assert all(path in refusal.value.hint for path in paths)


def test_what_is_said_of_a_head() -> None:
    p = np.array([[1, 0, 0, 0], [0.75, 0.25, 0, 0], [0, 0.75, 0.25, 0], [0.25, 0, 0.75, 0]])
    head = _head(1, p, causal=True, memory=False, unit="letter")
    assert head.back == pytest.approx((0 + 0.75 + 0.75 + 1.5) / 4)
    bits = [0.0] + 3 * [-0.75 * np.log2(0.75) - 0.25 * np.log2(0.25)]
    assert head.entropy == pytest.approx(np.mean(bits)) and head.at_once == pytest.approx(np.mean(2 ** np.array(bits)))
    assert head.seen == 2.5
    shares = {place.name: place.share for place in head.places}
    assert shares == pytest.approx({"itself": 0.5 / 3, "the letter before": 0.75, "the first letter": 0.125})
    assert (head.habit, head.best.name) == ("mostly", "the letter before")
    even = _head(1, np.full((3, 4), 0.25), causal=False, memory=True, unit="step")
    assert (even.habit, even.at_once, even.back) == ("evenly", 4.0, None)
    backwards = _head(1, np.eye(4)[::-1], causal=False, memory=True, unit="letter")
    assert (backwards.habit, backwards.best.name) == ("mostly", "the same place from the end")
    by_content = np.eye(6)[[3, 5, 0, 1, 2, 4]]
    assert _head(1, by_content, causal=False, memory=False, unit="word").habit == "spread"


def test_shares_that_are_no_numbers() -> None:
    head = _head(1, np.full((3, 3), np.nan), causal=True, memory=False, unit="letter")
    assert head.habit == "nothing" and np.isnan([head.back, head.entropy, head.at_once]).all()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_net_that_reverses_looks_at_the_letter_that_it_says_next(seed: int) -> None:
    subject = Subject.trained(load("reversal"), seed=seed)
    hits = steps = 0
    for place in range(min(100, len(subject.rows()))):
        (layer,) = look(subject, "test", place).layers
        (head,) = layer.heads
        length = len(layer.looked_at)
        hits += int((head.shares[:length].argmax(axis=1) == length - 1 - np.arange(length)).sum())
        steps += length
    assert hits / steps > 0.9, hits / steps
