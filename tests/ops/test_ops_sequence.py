"""Layers of sequences other than attention: tables of vectors, ends of sequences, what padding must not do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kernels import PRECISIONS, plain, run
from nets import batch, net

from dllab import places
from dllab.inits import word_vectors
from dllab.inits.word_vectors import VectorFileError, vectors_of
from dllab.ops import embedding, global_avg_pool, global_max_pool, last_step, one_hot, sequence
from dllab.plan.flow import ShapeFlowError
from dllab.plan.plan import Column, Plan
from dllab.symbols import LENGTHS

RNG = np.random.default_rng(3)
ENDING = (Column(LENGTHS, (), "int32"),)
LENGTH = np.array([5, 1, 3], np.int32)
calls = pytest.mark.parametrize("call", [run, plain])
precisions = pytest.mark.parametrize("precision", PRECISIONS)


# ---- kernels ---------------------------------------------------------------------------------------------------------


@calls
@precisions
def test_rows_of_a_table(call: Any, precision: str) -> None:
    w = RNG.normal(size=(4, 3)).astype(precision)
    x = np.array([[3, 0, 4], [1, 3, -1]]).astype(precision)
    y, dw, dy = np.empty((2, 3, 3), precision), np.empty_like(w), RNG.normal(size=(2, 3, 3)).astype(precision)
    for factor in (1.0, 2.0):
        scaled = {"factor": factor} if factor != 1 else {}
        call(embedding.forward_scaled if scaled else embedding.forward, precision, y=y, x=x, w=w, **scaled)
        np.testing.assert_array_equal(y[0, 0], factor * w[3])
        np.testing.assert_array_equal(y[1, 0], factor * w[1])
        assert np.isnan(y[0, 2]).all() and np.isnan(y[1, 2]).all()
        call(embedding.backward_scaled if scaled else embedding.backward_w, precision, dw=dw, dy=dy, x=x, **scaled)
        np.testing.assert_allclose(dw[3], factor * (dy[0, 0] + dy[1, 1]), rtol=1e-6)
        np.testing.assert_array_equal(dw[2], 0)


@calls
@precisions
def test_ones(call: Any, precision: str) -> None:
    y = np.empty((2, 2, 3), precision)
    call(one_hot.forward, precision, y=y, x=np.array([[2, 0], [1, 3]]).astype(precision))
    np.testing.assert_array_equal(y[:, 0], [[0, 0, 1], [0, 1, 0]])
    np.testing.assert_array_equal(y[0, 1], [1, 0, 0])
    assert np.isnan(y[1, 1]).all()


@calls
@precisions
def test_the_end_of_a_sequence(call: Any, precision: str) -> None:
    x, dy = RNG.normal(size=(3, 5, 4)).astype(precision), RNG.normal(size=(3, 4)).astype(precision)
    y, dx, expected = np.empty((3, 4), precision), np.empty_like(x), np.zeros_like(x)
    call(last_step.forward, precision, y=y, x=x, lengths=LENGTH)
    np.testing.assert_array_equal(y, x[range(3), LENGTH - 1])
    call(last_step.backward, precision, dx=dx, dy=dy, lengths=LENGTH)
    expected[range(3), LENGTH - 1] = dy
    np.testing.assert_array_equal(dx, expected)


@calls
@precisions
def test_pooling_over_what_is_there(call: Any, precision: str) -> None:
    x, dy = RNG.normal(size=(3, 5, 4)).astype(precision), RNG.normal(size=(3, 4)).astype(precision)
    for n in range(3):
        x[n, LENGTH[n] :] = 99
    y, dx, at = np.empty((3, 4), precision), np.empty_like(x), np.empty((3, 4), np.int32)
    call(global_avg_pool.forward_steps, precision, y=y, x=x, lengths=LENGTH)
    np.testing.assert_allclose(y, [x[n, : LENGTH[n]].mean(0) for n in range(3)], rtol=1e-5)
    call(global_avg_pool.backward_steps, precision, dx=dx, dy=dy, lengths=LENGTH)
    for n in range(3):
        np.testing.assert_allclose(dx[n, : LENGTH[n]], np.broadcast_to(dy[n] / LENGTH[n], (LENGTH[n], 4)), rtol=1e-6)
        np.testing.assert_array_equal(dx[n, LENGTH[n] :], 0)
    call(global_max_pool.forward_steps, precision, y=y, at=at, x=x, lengths=LENGTH)
    np.testing.assert_array_equal(y, [x[n, : LENGTH[n]].max(0) for n in range(3)])
    np.testing.assert_array_equal(at, [x[n, : LENGTH[n]].argmax(0) for n in range(3)])


@calls
@precisions
def test_zeros_behind_the_end(call: Any, precision: str) -> None:
    x = RNG.normal(size=(3, 5, 2)).astype(precision)
    y, dx = np.empty_like(x), np.empty_like(x)
    there = np.arange(5) < LENGTH[:, None]
    call(sequence.mask, precision, y=y, x=x, lengths=LENGTH)
    np.testing.assert_array_equal(y, np.where(there[:, :, None], x, 0))
    call(sequence.mask_back, precision, dx=dx, dy=x, lengths=LENGTH)
    np.testing.assert_array_equal(dx, y)


@calls
@precisions
def test_windows_within_a_sequence(call: Any, precision: str) -> None:
    ends = np.empty(3, np.int32)
    cases = (1, 1, [5, 1, 3]), (3, 1, [3, 1, 1]), (2, 2, [2, 1, 1]), (1, 2, [3, 1, 2]), (-1, 1, [6, 3, 5])
    for span, stride, expected in cases:
        call(sequence.windows, precision, ends=ends, lengths=LENGTH, span=span, stride=stride, most=6)
        np.testing.assert_array_equal(ends, expected)


# ---- what stands behind the end of a sequence ------------------------------------------------------------------------

SAME = {"conv1d": {"units": 3, "kernel": 3, "padding": "same"}}
WINDOWS: dict[str, Any] = {
    **{f"conv1d, {padding}": {"conv1d": {"units": 3, "stride": 2, "padding": padding}} for padding in ("valid", "same", 1)},
    "conv1d, causal": {"conv1d": {"units": 2, "kernel": 2, "dilation": 2, "stride": 3, "padding": "causal"}},
    "conv1d, each": {"conv1d": {"units": 2, "kernel": 2}},
    "pool": "max_pool", "overlapping": {"avg_pool": {"size": 3, "stride": 2}},
    "strided block": {"residual": {"layers": [{"conv1d": {"units": 3, "stride": 2, "padding": 1}}],
                                   "shortcut": "projection"}},
    "side by side": {"branches": [["max_pool"], [{"conv1d": {"units": 2, "kernel": 2, "stride": 2}}]]},
    "pool, same": {"max_pool": {"size": 3, "stride": 2, "padding": "same"}},
}  # fmt: skip
MODELS: dict[str, tuple[list[Any], bool]] = {
    "dense": ([{"dense": 3}, "tanh"], True), "layer_norm": (["layer_norm", "gelu"], True),
    "conv1d": ([{"dense": 4}, SAME], True), "two convolutions": ([SAME, "relu", SAME], True),
    "residual": ([{"residual": [{"dense": 2}, "tanh", {"attention": 1}]}, SAME], True),
    "branches": ([{"branches": [[{"dense": 2}], [SAME]]}, SAME], True),
    "repeat": ([{"repeat": {"times": 2, "layers": ["transformer_block"]}}], True),
    "positions": ([{"positional": "learned"}, {"attention": 2}], True),
    "mean": ([{"dense": 3}, "global_avg_pool", {"dense": 2}], False), "largest": ([SAME, "global_max_pool"], False),
    "last": ([{"attention": {"causal": True}}, "last_step", {"dense": 5}, {"dense": 2}], False),
    "flat": ([{"dense": 3}, "flatten", {"dense": 2}], False), "cut anew": ([{"dense": 3}, {"reshape": [3, 5]}], False),
    **{name: ([{"dense": 3}, layer, {"gru": {"units": 4, "return": "last"}}], False) for name, layer in WINDOWS.items()},
    "axes": ([{"dense": 4}, {"reshape": [5, 2, 2]}, "flatten"], False),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_padding_changes_no_bit_of_what_counts(name: str) -> None:
    model, by_step = MODELS[name]
    network = net(model, [5, 2], "float32", extras=ENDING)
    x, _ = batch(network, 3)
    there = np.arange(5) < LENGTH[:, None]
    found = []
    for filler in (0.0, 1e6):
        x[~there] = filler
        y = network.forward(x, lengths=LENGTH)
        found.append(y.reshape(3, 5, -1)[there] if by_step else y)
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("name", [name for name, (_, by_step) in MODELS.items() if not by_step])
def test_padding_learns_nothing(name: str) -> None:
    network = net(MODELS[name][0], [5, 2], "float64", extras=ENDING)
    x, y = batch(network, 3)
    there = np.arange(5) < LENGTH[:, None]
    found = []
    for filler in (0.0, 1e3):
        x[~there] = filler
        found.append(network.loss_and_gradients(x, y, lengths=LENGTH))
    assert found[0][0] == found[1][0]
    for one, other in zip(found[0][1].values(), found[1][1].values(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", [name for name in WINDOWS if name != "pool, same"])
def test_a_sequence_is_as_long_behind_a_window_as_by_itself(name: str) -> None:
    """What comes out of each sequence is what comes out of it cut off at its end, those shorter than a window apart."""
    model = [WINDOWS[name], {"gru": {"units": 4, "return": "last"}}]
    network = net(model, [7, 2], extras=ENDING)
    x, _ = batch(network, 7)
    x[np.arange(7) >= np.arange(1, 8)[:, None]] = 50
    together = network.forward(x, lengths=np.arange(1, 8))
    for length in range(3, 8):
        if "same" in name and length % 2 == 0:
            continue  # cut off there, it gets other zeros in front
        alone = net(model, [length, 2])  # drawn and moved alike
        found = alone.forward(x[length - 1 : length, :length])[0]
        np.testing.assert_allclose(together[length - 1], found, atol=1e-12)


# ---- tables ----------------------------------------------------------------------------------------------------------


def test_one_hot_and_dense_is_an_embedding() -> None:
    one = net([{"one_hot": 6}, {"dense": {"units": 3, "bias": False}}], [4])
    other = net([{"embedding": {"size": 6, "units": 3}}], [4])
    other.parameters["0_embedding.w"][...] = one.parameters["1_dense.w"]
    x = RNG.integers(0, 6, (5, 4))
    y = RNG.normal(size=(5, 4, 3))
    np.testing.assert_array_equal(one.forward(x), other.forward(x))
    gradients = one.loss_and_gradients(x, y)[1]["1_dense.w"]
    np.testing.assert_allclose(gradients, other.loss_and_gradients(x, y)[1]["0_embedding.w"], atol=1e-14)


@pytest.mark.parametrize("shards", [1, 2])
def test_a_tied_table_is_one_array_and_its_gradients_add_up(shards: int) -> None:
    model = [{"embedding": {"size": 6, "units": 3, "name": "e"}}, "tanh", {"tied_dense": "e"}]
    network = net(model, [4], shards=shards)
    apart = net([*model[:2], {"dense": 6}], [4], shards=shards)
    assert list(network.parameters) == ["e.w", "2_tied_dense.b"]
    for label, values in (("e.w", "e.w"), ("2_dense.b", "2_tied_dense.b")):
        apart.parameters[label][...] = network.parameters[values]
    apart.parameters["2_dense.w"][...] = network.parameters["e.w"].T
    x, y = RNG.integers(0, 6, (5, 4)), RNG.normal(size=(5, 4, 6))
    np.testing.assert_allclose(network.forward(x), apart.forward(x), atol=1e-14)
    (_, tied), (_, two) = network.loss_and_gradients(x, y), apart.loss_and_gradients(x, y)
    np.testing.assert_allclose(tied["e.w"], two["e.w"] + two["2_dense.w"].T, atol=1e-14)
    np.testing.assert_allclose(tied["2_tied_dense.b"], two["2_dense.b"], atol=1e-14)


def test_a_tied_layer_without_a_table() -> None:
    with pytest.raises(ShapeFlowError, match="the layer norm has no w of its own"):
        net([{"layer_norm": {"name": "norm"}}, {"tied_dense": "norm"}], [3])


# ---- vectors of words ------------------------------------------------------------------------------------------------

GLOVE = "the 1 2 3\nCat -1 0.5 2e-1\ndog 4 5 6\nthe 9 9 9\n"


def test_vectors_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text(GLOVE)
    words, vectors = vectors_of(str(tmp_path / "v.txt"))
    assert words == ("the", "Cat", "dog", "the")
    np.testing.assert_array_equal(vectors, np.float32([[1, 2, 3], [-1, 0.5, 0.2], [4, 5, 6], [9, 9, 9]]))
    (tmp_path / "v.txt").write_text("2 3\n" + GLOVE.replace("\n", " \n"))  # as word2vec writes it
    assert vectors_of(str(tmp_path / "v.txt"))[0] == words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the 1 2\ncat 1\n", "line 2 of .* is not a word and 2 numbers, as those before it"),
        ("the one two\n", "line 1 of .* is not a word and its numbers"),
        ("the 1 nan\n", "line 1 of .*"),
        ("", "holds no vectors"),
        ("\n\n", "holds no vectors"),
    ],
)
def test_files_that_hold_no_vectors(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "v.txt").write_text(text)
    with pytest.raises(VectorFileError, match=said):
        vectors_of(str(tmp_path / "v.txt"))
    with pytest.raises(VectorFileError, match="no vectors can be read from"):
        vectors_of(str(tmp_path / "none.txt"))


def of_words(tmp_path: Path, words: tuple[str, ...], **options: Any) -> Any:
    targets = Column("targets", (2, 3), "float64")
    network = net([{"embedding": {"units": 3, **options}}], [2], vocabulary=len(words), words=words, targets=targets)
    network.initialise(0)
    return network.parameters["0_embedding.w"]


def test_words_of_the_file_begin_with_its_vectors_and_others_as_drawn(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text(GLOVE)
    words = ("<end>", "dog", "the", "unicorn", "Cat", "Dog")
    table = of_words(tmp_path, words, file=str(tmp_path / "v.txt"))
    drawn = of_words(tmp_path, words)
    np.testing.assert_allclose(table[[1, 2, 4, 5]], [[4, 5, 6], [1, 2, 3], [-1, 0.5, 0.2], [4, 5, 6]], rtol=1e-7)
    np.testing.assert_array_equal(table[[0, 3]], drawn[[0, 3]])


def test_vectors_that_come_with_the_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "glove10k-vectors.npz", vec=np.arange(6, dtype=np.float16).reshape(2, 3))
    (tmp_path / "glove10k-words.txt").write_text("the\nof\n")
    monkeypatch.setattr(places, "folder", lambda kind: tmp_path)
    word_vectors._shipped.cache_clear()
    table = of_words(tmp_path, ("of", "the"), file="glove10k")
    np.testing.assert_array_equal(table, [[3, 4, 5], [0, 1, 2]])
    (tmp_path / "glove10k-vectors.npz").write_bytes(b"PK")
    word_vectors._shipped.cache_clear()
    with pytest.raises(VectorFileError, match="no vectors can be read from glove10k"):
        vectors_of("glove10k")
    monkeypatch.undo()
    words, vectors = vectors_of("glove10k")
    assert words[:3] == ("the", "of", "to") and vectors.shape == (len(words), 50) and vectors.dtype == np.float32


@pytest.mark.parametrize(
    ("words", "options", "said"),
    [
        ((), {"size": 4}, "the inputs here are no words"),
        (("a", "b"), {"units": 5}, "have 3 numbers; give the layer units: 3"),
    ],
)
def test_vectors_that_do_not_fit(tmp_path: Path, words: tuple[str, ...], options: dict[str, Any], said: str) -> None:
    (tmp_path / "v.txt").write_text(GLOVE)
    with pytest.raises(ShapeFlowError, match=said):
        of_words(tmp_path, words, file=str(tmp_path / "v.txt"), **options)


def test_lengths_are_handed_on_to_sequences_alone() -> None:
    network = net([{"dense": 5}, "last_step", {"dense": 2}], [5, 2], extras=ENDING)
    infos = Plan(replace(network.plan.question)).infos
    assert [info.output.lengths is not None for info in infos] == [True, False, False]


def test_a_decoder_reads_ids_of_the_classes() -> None:
    model = [{"embedding": {"units": 2, "from": "decoder", "name": "e"}}, {"one_hot": {"from": "decoder"}}]
    decoder = (Column("decoder", (3,), "int32"),)
    targets = Column("targets", (3, 7), "float64")
    network = net(model, [4], extras=decoder, vocabulary=3, words=("a", "b", "c"), outputs=7, targets=targets)
    assert network.parameters["e.w"].shape == (7, 2)
    ones = network.forward(np.zeros((1, 4)), decoder=np.array([[6, 0, 2]]))
    np.testing.assert_array_equal(ones, np.eye(7)[None, [6, 0, 2]])
