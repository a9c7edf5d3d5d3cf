"""Names, words and how they are spoken, languages, voices, and lists of words: read as they were published."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from dllab.data import word_vectors
from dllab.data.cmudict import CmuDict
from dllab.data.dataset import Dataset
from dllab.data.folds import Folds
from dllab.data.japanese_vowels import JapaneseVowels
from dllab.data.languages import Languages
from dllab.data.names import Names
from dllab.places import folder

SHIPPED = folder("datasets")


def spelt(data: Dataset, row: int, column: str = "inputs", gap: str = "") -> str:
    words = data.vocabulary if column == "inputs" else data.classes
    return gap.join(words[i] for i in data.columns[column][row] if i >= 0)


# ---- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("which", "rows", "letters", "first"),
    [
        ("female", 4944, 28, "aaren"),
        ("male", 3897, 27, "aaron"),
        ("all", 8422, 28, "aaren"),
        ("surnames", 32033, 27, "smith"),
    ],
)
def test_a_name_is_read_from_the_boundary_and_said_up_to_it(which: Any, rows: int, letters: int, first: str) -> None:
    data = Names(which=which).load()
    assert (data.rows, len(data.vocabulary), data.vocabulary[0]) == (rows, letters, ".") and data.classes == data.vocabulary
    names = []
    for row in range(0, rows, 37):
        length = data.columns["lengths"][row]
        read, said = spelt(data, row), spelt(data, row, "targets")
        assert read[0] == said[-1] == "." and read[:length] == "." + said[:-1] and len(said) == length
        assert set(read[length:]) <= {"."}
        names.append(said[:-1])
    assert names[0] == first and len(set(names)) == len(names)


def test_names_of_both_files_are_there_once() -> None:
    lists = [{name.lower() for name in (SHIPPED / f"names-{kind}.txt").read_text().split()} for kind in ("female", "male")]
    assert [len(names) for names in lists] == [4944, 3897] and len(lists[0] & lists[1]) == 419
    data = Names().load()
    assert {spelt(data, row, "targets")[:-1] for row in range(data.rows)} == lists[0] | lists[1]


def test_whose_name_it_is_is_asked_of_names_of_one_kind_only() -> None:
    data = Names(task="classify").prepare()
    labels, lengths = data.dataset.columns["targets"], data.dataset.columns["lengths"]
    assert data.dataset.classes == ("female", "male") and np.bincount(labels).tolist() == [4944 - 419, 3897 - 419]
    names = [spelt(data.dataset, row)[: lengths[row]] for row in range(data.dataset.rows)]
    assert len(set(names)) == len(names) and labels[names.index("emma")] == 0 and labels[names.index("aaron")] == 1
    assert "robin" not in names, "it is both"
    assert len(data.splits.test) == 800
    with pytest.raises(ValidationError, match="task: classify tells female names from male ones, which: male has one kind"):
        Names(task="classify", which="male")


# ---- cmudict ----------------------------------------------------------------------------------------------------------


def test_words_and_how_they_are_spoken() -> None:
    data = CmuDict().prepare()
    dataset = data.dataset
    assert len(dataset.vocabulary) == 27 and len(dataset.classes) == 40 and dataset.classes[:2] == (".", "AA")
    assert dataset.columns["decoder"].shape == dataset.columns["targets"].shape == (20_000, 14)
    for row in range(0, 20_000, 101):
        said, read = spelt(dataset, row, "targets", " "), spelt(dataset, row, "decoder", " ")
        assert said.endswith(" .") and f". {said[:-2]}" == read[: len(said)]
        assert set(read[len(said) :].split()) <= {"."}
        word = spelt(dataset, row)
        assert word.rstrip(".") == word[: dataset.columns["lengths"][row]]
    assert (spelt(dataset, 0)[:8], spelt(dataset, 0, "targets", " ")) == ("aachener", "AA K AH N ER .")
    assert [len(part) for part in (data.splits.train, data.splits.test)] == [18_000, 2_000]


# ---- languages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 24, 64, 1000])
def test_pieces_are_the_paragraphs(length: int) -> None:
    data = Languages(length=length, lower=False).load()
    lines = [line.split("\t") for line in (SHIPPED / "languages.tsv").read_text(encoding="utf-8").splitlines()]
    paragraphs, lengths = data.columns["paragraph"], data.columns["lengths"]
    for number in range(0, 705, 50 if length < 20 else 5):
        rows = np.flatnonzero(paragraphs == number)
        text = "".join(spelt(data, row)[: lengths[row]] if length == 1 else piece(data, row) for row in rows)
        assert lines[number][1].startswith(text) and len(lines[number][1]) - len(text) < length / 2
        assert {data.classes[label] for label in data.columns["targets"][rows]} == {lines[number][0]}
    assert len(lines) == 705 and Counter(language for language, _ in lines)["Dutch"] == 59


@pytest.mark.parametrize(("length", "alike", "asked"), [(64, 1, 507), (16, 118, 2046)])
def test_as_many_test_rows_are_among_those_that_train_as_the_page_says(length: int, alike: int, asked: int) -> None:
    data = Languages(length=length).prepare()
    known = {piece(data.dataset, row) for row in data.splits.train}
    found = [piece(data.dataset, row) in known for row in data.splits.test]
    assert (sum(found), len(found)) == (alike, asked)
    assert f"{alike:,} of {asked:,}" in (Languages.__doc__ or "")


def piece(data: Dataset, row: int) -> str:
    return "".join(data.vocabulary[i] for i in data.columns["inputs"][row][: data.columns["lengths"][row]])


@pytest.mark.parametrize(
    "options", [{}, {"validation": 0.2}, {"only": ("Spanish", "Italian")}, {"length": 16, "test": 0.4}]
)
def test_no_paragraph_is_in_two_splits(options: dict[str, Any]) -> None:
    data = Languages(**options).prepare()
    paragraphs = data.dataset.columns["paragraph"]
    parts = [set(paragraphs[rows]) for rows in (data.splits.train, data.splits.validation, data.splits.test)]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    assert set().union(*parts) == set(paragraphs)
    assert len(parts[2]) == pytest.approx(options.get("test", 0.25) * len(set(paragraphs)), abs=1)
    labels = data.dataset.columns["targets"]
    assert set(labels[data.splits.test]) == set(range(len(data.dataset.classes)))


def test_another_seed_takes_other_paragraphs_and_folds_are_refused() -> None:
    one, same, other = (Languages(seed=seed).prepare().splits.test for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    with pytest.raises(ValueError, match="folds: pieces of a paragraph would be in several"):
        Folds(Languages(), 3)


# ---- voices -----------------------------------------------------------------------------------------------------------


def test_vowels_are_as_published() -> None:
    data = JapaneseVowels().prepare()
    inputs, labels, lengths = (data.dataset.columns[name] for name in ("inputs", "targets", "lengths"))
    assert inputs.shape == (640, 29, 12) and (lengths.min(), lengths.max(), lengths.sum()) == (7, 29, 9961)
    np.testing.assert_array_equal(data.splits.test, np.arange(270, 640))
    assert np.bincount(labels[:270]).tolist() == [30] * 9
    assert np.bincount(labels[270:]).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    np.testing.assert_allclose(inputs[0, :2, 0], [1.860936, 1.891651])
    np.testing.assert_allclose(inputs[0, :2, 1], [-0.207383, -0.193249])
    there = np.arange(29) < lengths[:, None]
    assert not inputs[~there].any() and (inputs[there] != 0).any(axis=1).all()


def test_vowels_are_scaled_by_what_is_there_at_any_step() -> None:
    data = JapaneseVowels(standardise=True).prepare()
    rows, lengths = data.splits.train, data.dataset.columns["lengths"]
    seen = data.seen(rows)[np.arange(29) < lengths[rows][:, None]]
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(seen.std(axis=0), 1, atol=1e-4)
    assert data.shift is not None and len({tuple(step) for step in data.shift.reshape(29, 12)}) == 1


# ---- lists of words -----------------------------------------------------------------------------------------------------


def test_vectors_and_lists_to_judge_them_by() -> None:
    found = word_vectors.glove()
    assert found.vectors.shape == (10_000, 50) and found.vectors.dtype == np.float32
    assert found.words[:3] == ("the", "of", "to") and len(set(found.words)) == 10_000
    pairs, analogies = word_vectors.likenesses(), word_vectors.analogies()
    assert len(pairs) == 353 and pairs[0] == ("love", "sex", 6.77) and all(0 <= pair.judged <= 10 for pair in pairs)
    assert len(analogies) == 506 and analogies[0] == ("boy", "girl", "brother", "sister")


def test_the_sample_answers_as_its_card_says() -> None:
    words, vectors = word_vectors.glove()
    place = {word: i for i, word in enumerate(words)}
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = [(place[a.lower()], place[b.lower()], judged) for a, b, judged in word_vectors.likenesses()
             if a.lower() in place and b.lower() in place]  # fmt: skip
    alike = np.array([units[a] @ units[b] for a, b, _ in pairs])
    assert len(pairs) == 278 and spearman(alike, np.array([judged for *_, judged in pairs])) == pytest.approx(
        0.533, abs=5e-4
    )
    known = [four for four in word_vectors.analogies() if all(word in place for word in four)]
    right = 0
    for a, b, c, d in known:
        near = units @ (units[place[b]] - units[place[a]] + units[place[c]])
        near[[place[a], place[b], place[c]]] = -np.inf
        right += words[int(near.argmax())] == d
    assert (right, len(known)) == (173, 210)


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(*(ranks(values) for values in (x, y)))[0, 1])


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks, the mean of them for equal values."""
    _, of, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[of]
