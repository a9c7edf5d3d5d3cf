"""Skip-gram, CBOW and GloVe against numpy, pair by pair; which words are drawn, and what that depends on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from kernels import PRECISIONS, run

from dllab.core import rng
from dllab.engine import executor
from dllab.engine.network import Network
from dllab.engine.question import INPUTS, TARGETS
from dllab.ops import negatives
from dllab.plan.flow import ShapeFlowError
from dllab.plan.plan import Column, Plan, Question
from dllab.recipe import load
from dllab.symbols import ShapeError

Array = np.ndarray[Any, Any]
WORDS = 40
COUNTS = np.array([0, 1000, *range(1, WORDS - 2), 0])
PAIRS = np.random.default_rng(4).integers(0, WORDS, (30, 2))


def network(layer: Any, columns: int = 2, *, counts: bool = True, lengths: bool = False, **changes: Any) -> Network:
    """A net of one layer over ids, with parameters that are far from their beginning."""
    model = load({"input": [columns], "model": [layer]}).model
    question = Question(
        model, Column(INPUTS, (columns,), "float64"), None, load({"input": [1], "model": [layer], "loss": "mse"}).loss, (),
        1, 8, "float64",
        tables=(Column("counts", (WORDS,), "int64"),) * counts, vocabulary=WORDS,
        extras=(Column("lengths", (), "int32"),) * lengths,
    )  # fmt: skip
    outputs = Plan(replace(question, loss=None)).output_shape[1:]
    question = replace(question, targets=Column(TARGETS, tuple(int(d) for d in outputs), "float64"), **changes)
    net = Network(Plan(question))
    draw = np.random.default_rng(0)
    for values in net.parameters.values():
        values += draw.normal(size=values.shape)
    return net


def drawn(rows: Array, number: int, *, seed: int = 0, layer: int = 1, use: int = 0, step: int = 0,
          counts: Array | None = COUNTS) -> Array:  # fmt: skip
    """The words that are drawn for rows of a data set, (B, number), by numpy."""
    of_step = rng.key(rng.key(seed, rng.STREAM_DROPOUT, layer), use, step)
    found = np.empty((len(rows), number), np.int64)
    sums = np.cumsum((np.ones(WORDS) if counts is None else counts) ** (0.75 if counts is not None else 1.0))
    for b, row in enumerate(rows):
        shares = [rng.uniform_at(rng.bits_at(of_step, int(row)), k) for k in range(number)]
        found[b] = np.searchsorted(sums, np.array(shares) * sums[-1], side="right")
    return found


def parameters(net: Network) -> dict[str, Array]:
    return {label.partition(".")[2]: values for label, values in net.parameters.items()}


@pytest.mark.parametrize("counts", [False, True])
def test_skip_gram_is_its_formula(counts: bool) -> None:
    net = network({"skip_gram": {"units": 7, "negatives": 4}}, counts=counts)
    p, others = parameters(net), drawn(np.arange(30), 4, counts=COUNTS if counts else None)
    words = np.column_stack([PAIRS[:, 1], others])
    expected = np.einsum("bf,bsf->bs", p["w"][PAIRS[:, 0]], p["context"][words])
    given = {"counts": COUNTS} if counts else {}
    np.testing.assert_allclose(net.forward(PAIRS, **given), expected, rtol=1e-12)


@pytest.mark.parametrize("lengths", [False, True])
def test_cbow_is_its_formula(lengths: bool) -> None:
    net = network({"cbow": {"units": 3, "negatives": 2}}, 6, lengths=lengths)
    ids = np.random.default_rng(2).integers(0, WORDS, (9, 6))
    there = np.array([6, 1, 2, 3, 4, 5, 6, 2, 2]) if lengths else np.full(9, 6)
    p, words = parameters(net), np.column_stack([ids[:, 0], drawn(np.arange(9), 2)])
    means = np.stack([p["w"][row[1:n]].sum(axis=0) / max(n - 1, 1) for row, n in zip(ids, there, strict=True)])
    expected = np.einsum("bf,bsf->bs", means, p["context"][words])
    given = {"lengths": there} if lengths else {}
    np.testing.assert_allclose(net.forward(ids, counts=COUNTS, **given), expected, rtol=1e-12, atol=1e-14)


def test_glove_is_its_formula() -> None:
    net = network({"glove": 5})
    p, (i, j) = parameters(net), PAIRS.T
    expected = (p["w"][i] * p["context"][j]).sum(axis=1) + p["b"][i] + p["c"][j]
    np.testing.assert_allclose(net.forward(PAIRS)[:, 0], expected, rtol=1e-12)


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("layer", [{"skip_gram": {"units": 3, "negatives": 3}}, {"glove": 3}])
def test_gradients_are_sums_over_the_rows(layer: Any, shards: int) -> None:
    """Every row of a batch adds to the gradient what it gives alone, drawn words and all."""
    net, alone = network(layer, shards=shards), network(layer, shards=1)
    y = np.random.default_rng(1).normal(size=(30, *net.output_shape))
    _, found = net.loss_and_gradients(PAIRS, y, counts=COUNTS)
    p, width = parameters(alone), net.output_shape[0]
    slopes = 2 * (net.forward(PAIRS, training=True, counts=COUNTS) - y) / y.size
    if "glove" in layer:
        words = PAIRS[:, 1:]
    else:
        words = np.column_stack([PAIRS[:, 1], drawn(np.arange(30), 3, use=1)])
    dw, dcontext = np.zeros_like(p["w"]), np.zeros_like(p["w"])
    for row in range(30):
        for k in range(width):
            dw[PAIRS[row, 0]] += slopes[row, k] * p["context"][words[row, k]]
            dcontext[words[row, k]] += slopes[row, k] * p["w"][PAIRS[row, 0]]
    gradients = {label.partition(".")[2]: values for label, values in found.items()}
    np.testing.assert_allclose(gradients["w"], dw, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(gradients["context"], dcontext, rtol=1e-10, atol=1e-14)


def test_an_id_beyond_the_table_is_noticed() -> None:
    pairs = np.array([[0, 1], [WORDS, 1], [0, WORDS], [-1, 0]])
    for layer in ({"skip_gram": 2}, {"glove": 2}):
        found = network(layer).forward(pairs, counts=COUNTS)
        assert np.isnan(found).any(axis=1).tolist() == [False, True, True, True]
    assert np.isnan(network({"cbow": 2}, 3).forward(np.array([[0, 1, WORDS]]), counts=COUNTS)).any()


# ---- which words are drawn ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", PRECISIONS)
def test_words_are_drawn_by_their_counts_to_three_quarters(precision: str) -> None:
    """Also where counts are 0, at either end; `guide` only says where to begin to look."""
    sums, guide, rows = np.empty(WORDS), np.empty(WORDS, np.int64), np.arange(20_000)
    run(negatives.add_up, precision, sums=sums, guide=guide, counts=COUNTS)
    np.testing.assert_allclose(sums, np.cumsum(COUNTS**0.75), rtol=1e-12)
    words = np.empty((20_000, 5), np.int64)
    run(negatives.draw, precision, drawn=words, sums=sums, guide=guide, rows=rows, seed=3, layer=2, use=1, step=7)
    np.testing.assert_array_equal(words, drawn(rows, 5, seed=3, layer=2, use=1, step=7))
    shares = np.bincount(words.reshape(-1), minlength=WORDS) / words.size
    expected = COUNTS**0.75 / (COUNTS**0.75).sum()
    assert shares[0] == shares[-1] == 0
    np.testing.assert_allclose(shares, expected, atol=4 * np.sqrt(expected.max() / words.size))


def test_all_words_alike_without_counts() -> None:
    rows, words = np.arange(20_000), np.empty((20_000, 4), np.int64)
    run(negatives.draw_any, "float32", drawn=words, words=WORDS, rows=rows, seed=3, layer=2, use=0, step=0)
    np.testing.assert_array_equal(words, drawn(rows, 4, seed=3, layer=2, counts=None))
    assert np.bincount(words.reshape(-1), minlength=WORDS).min() > 0.9 * words.size / WORDS


def scored(net: Network, rows: Array, training: bool, step: int = 0) -> Array:
    """The scores of rows of PAIRS as a data set, in that order, in a step."""
    from dllab.engine.binding import Bound
    from dllab.symbols import COLUMN

    outputs = np.empty((len(rows), net.output_shape[0]))
    columns = {COLUMN + INPUTS: PAIRS.astype(np.float64), COLUMN + "counts:table": COUNTS}
    name = "forward:plain" if training else "infer:plain"
    bound = Bound(net.memory, name, len(rows), columns, rows, outputs=outputs)
    executor.run(bound, step, step + 1)
    return outputs


def test_a_draw_depends_on_seed_step_and_row_alone() -> None:
    layer = {"skip_gram": {"units": 4, "negatives": 6}}
    net, rows = network(layer), np.arange(30)
    first = scored(net, rows, training=True)
    np.testing.assert_array_equal(scored(net, rows, training=True), first)
    turned = scored(net, rows[::-1].copy(), training=True)
    np.testing.assert_array_equal(turned[::-1], first)
    other = network(layer, seed=1)
    for label, values in other.parameters.items():
        values[...] = net.parameters[label]
    for found in (scored(other, rows, training=True), scored(net, rows, training=False)):
        np.testing.assert_array_equal(found[:, 0], first[:, 0])
        assert (found[:, 1:] != first[:, 1:]).mean() > 0.5


def test_at_inference_the_draw_stays() -> None:
    net = network({"skip_gram": {"units": 4, "negatives": 6}})
    before = net.forward(PAIRS, counts=COUNTS)
    net.updates = 5
    np.testing.assert_array_equal(net.forward(PAIRS, counts=COUNTS), before)
    training = net.forward(PAIRS, training=True, counts=COUNTS)
    net.updates = 6
    assert (net.forward(PAIRS, training=True, counts=COUNTS) != training).mean() > 0.5


@pytest.mark.parametrize(("layer", "columns"), [("skip_gram", 3), ("glove", 1), ("cbow", 1)])
def test_other_data_are_refused(layer: str, columns: int) -> None:
    with pytest.raises((ShapeError, ShapeFlowError), match=f"{layer} reads .* of words"):
        network({layer: 2}, columns)
