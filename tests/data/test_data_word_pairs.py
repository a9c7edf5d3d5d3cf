"""Words and the words around them, against plain loops."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dllab.data.dataset import Dataset
from dllab.data.word_pairs import WordPairs

few = settings(max_examples=40, deadline=None)
TEXT = st.lists(st.sampled_from(["a", "b", "c", "d", "e", ".", "\n\n"]), min_size=20, max_size=80).map(" ".join)
ALL: dict[str, Any] = {"test": 0, "subsample": 0}


def source(folder: Path, text: str, **options: Any) -> WordPairs:
    path = folder / "my.txt"
    path.write_text(text)
    return WordPairs(file=str(path), **options)


def named(data: Dataset) -> list[tuple[str, ...]]:
    """The words of each row, as far as they are there."""
    lengths = data.columns.get("lengths", np.full(data.rows, data.input_shape[0]))
    return [tuple(data.vocabulary[i] for i in row[:n]) for row, n in zip(data.columns["inputs"], lengths)]


def paragraphs(text: str) -> list[list[str]]:
    return [re.findall(r"\w+", part) for part in re.split(r"\n\s*\n", text)]


def around(text: str, window: int) -> list[tuple[str, list[str]]]:
    """Each word, with all words within the window in its paragraph."""
    return [
        (part[i], [part[j] for j in range(max(0, i - window), min(len(part), i + window + 1)) if j != i])
        for part in paragraphs(text)
        for i in range(len(part))
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("texts")


@few
@given(TEXT)
def test_pairs_of_neighbours_are_all_those_there_are(folder: Path, text: str) -> None:
    expected = [(word, other) for word, others in around(text, 1) for other in others]
    if expected:
        data = source(folder, text, window=1, **ALL).load()
        assert named(data) == expected and not data.columns["targets"].any()
        counts = Counter(word for part in paragraphs(text) for word in part)
        assert data.vocabulary[0] == "<end>" and data.tables["counts"][0] == 0
        assert dict(zip(data.vocabulary[1:], data.tables["counts"][1:])) == counts
        assert list(data.tables["counts"][1:]) == sorted(counts.values(), reverse=True)


@few
@given(TEXT, st.integers(1, 4))
def test_a_word_looks_as_far_as_it_draws_and_on_both_sides(folder: Path, text: str, window: int) -> None:
    reaches = [around(text, reach) for reach in range(1, window + 1)]
    if any(others for _, others in reaches[0]):
        together = named(source(folder, text, task="cbow", window=window, **ALL).load())
        alone = named(source(folder, text, window=window, **ALL).load())
        assert alone == [(word, other) for word, *others in together for other in others]
        possible = [row for row in zip(*reaches) if row[0][1]]
        assert len(together) == len(possible)
        for (word, *others), row in zip(together, possible):
            assert (word, others) in row


@few
@given(TEXT, st.integers(1, 5))
def test_counts_of_glove_are_sums_of_one_over_the_distance(folder: Path, text: str, window: int) -> None:
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for part in paragraphs(text):
        for i, word in enumerate(part):
            for j, other in enumerate(part):
                if 0 < abs(i - j) <= window:
                    sums[word, other] += 1 / abs(i - j)
    if sums:
        data = source(folder, text, task="glove", window=window, test=0).load()
        found = dict(zip(named(data), data.columns["targets"][:, 0]))
        assert set(found) == set(sums) and len(found) == data.rows
        for pair, value in sums.items():
            assert found[pair] == pytest.approx(value, rel=1e-6)  # type: ignore[index]


def test_all_distances_are_drawn_alike(tmp_path: Path) -> None:
    data = source(tmp_path, "a b c d e f g h i j " * 500, window=4, **ALL).load()
    letters = data.columns["inputs"]
    apart = Counter(abs(ord(data.vocabulary[a]) - ord(data.vocabulary[b])) for a, b in letters)
    shares = [apart[d] / (2 * 5000 * (10 - d) / 10) for d in (1, 2, 3, 4)]
    np.testing.assert_allclose(shares, [1, 0.75, 0.5, 0.25], atol=0.03)


def test_frequent_words_are_thinned(tmp_path: Path) -> None:
    text = ("the " * 9 + "rare ") * 2000
    data = source(tmp_path, text, window=1, test=0, subsample=0.1).load()
    centres = Counter(data.vocabulary[i] for i in data.columns["inputs"][:, 0])
    assert centres["the"] / 2 == pytest.approx(18_000 * (0.1 / 0.9) ** 0.5, rel=0.03)
    assert centres["rare"] / 2 == pytest.approx(2000, abs=2)
    assert list(data.tables["counts"]) == [0, 18_000, 2000], "of all words, thinned or not"


def test_each_split_is_made_of_its_own_block_alone(tmp_path: Path) -> None:
    text = " ".join(f"w{i * i % 7}" for i in range(100))
    data = source(tmp_path, text, task="glove", test=0.2, validation=0.2).prepare()
    tokens = text.split()
    for split, (begin, end) in {"train": (0, 61), "validation": (61, 81), "test": (81, 101)}.items():
        rows = getattr(data.splits, split)
        own = source(tmp_path, " ".join(tokens[begin:end]), task="glove", test=0).load()
        mine = dict(zip(named(own), own.columns["targets"][:, 0]))
        assert {named(data.dataset)[row]: data.dataset.columns["targets"][row, 0] for row in rows} == mine


def test_only_frequent_words_of_the_training_part_are_kept(tmp_path: Path) -> None:
    data = source(tmp_path, "a b " * 40 + "c d " * 20 + "x a b a b a b a b a b", words=2, test=0.08, subsample=0).prepare()
    assert data.dataset.vocabulary == ("<end>", "a", "b") and list(data.dataset.tables["counts"]) == [0, 40, 40]
    assert len(data.splits.test)


@pytest.mark.parametrize("task", ["skip_gram", "cbow", "glove"])
def test_too_few_words(tmp_path: Path, task: Any) -> None:
    with pytest.raises(ValueError, match=r"my.txt: training: no two of the 5,000 words stand near each other"):
        source(tmp_path, "one\n\ntwo\n\nthree", task=task, test=0).load()
    with pytest.raises(ValueError, match=r"my.txt: test: .* get a longer text, or a larger share"):
        source(tmp_path, "one two " * 20 + "\n\nx", task=task, test=0.05, subsample=0).load()


def test_the_same_seed_draws_the_same_pairs() -> None:
    one, same, other = (WordPairs(seed=seed, words=500).load().columns["inputs"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert len(one) != len(other) or not np.array_equal(one, other)


def test_the_bible() -> None:
    data = WordPairs().load()
    assert data.vocabulary[:4] == ("<end>", "the", "and", "of") and len(data.vocabulary) == 5001
    assert sum(column.nbytes for column in data.columns.values()) < 150e6
    assert data.tables["counts"][1] == 58_857
    pairs = WordPairs(task="glove", words=100).load()
    near = dict(zip(named(pairs), pairs.columns["targets"][:, 0]))
    assert near["of", "the"] == near["the", "of"] > near["of", "and"]
