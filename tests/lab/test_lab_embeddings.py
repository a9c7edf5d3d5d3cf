"""Vectors of words in a plane: principal components, circles of numbers, which words are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from marks import compiled_only

from dllab.lab.embeddings import CIRCLE, Vectors, counted, largest, on_circle, plane, vectors_of
from dllab.lab.neighbours import Table, UnknownWord, sample
from dllab.lab.subject import Subject
from dllab.lab.suits import Unsuited
from dllab.recipe import load, parse

pytestmark = compiled_only


def table(vectors: np.ndarray, words: tuple[str, ...] = ()) -> Vectors:
    return Vectors(Table("here", "0_embedding.w", words or tuple(f"w{i}" for i in range(len(vectors))), vectors))


def test_the_plane_is_that_of_the_largest_variances() -> None:
    x = np.random.default_rng(1).normal(size=(30, 6)) * [5, 0.1, 3, 0.2, 1, 0.3]
    places, share = largest(x)
    values, directions = np.linalg.eigh(np.cov(x.T))
    order = np.argsort(-values)
    assert share == pytest.approx(values[order[:2]].sum() / values.sum())
    for axis in range(2):
        twin = (x - x.mean(axis=0)) @ directions[:, order[axis]]
        np.testing.assert_allclose(abs(places[:, axis]), abs(twin), atol=1e-9)
        assert places[abs(places[:, axis]).argmax(), axis] > 0


def test_planes_of_little() -> None:
    places, share = largest(np.ones((4, 3)))
    assert share == 0 and not places.any()
    assert largest(np.array([[1.0], [2.0], [4.0]]))[1] == pytest.approx(1)


def circle(count: int = 31, frequency: int = 7, noise: float = 0.1) -> np.ndarray:
    angle = 2 * np.pi * frequency * np.arange(count) / count
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(12, 2)))[0]
    return np.asarray(np.stack([np.cos(angle), np.sin(angle)], axis=1) @ axes.T + noise * rng.normal(size=(count, 12)))


def test_numbers_on_a_circle_are_drawn_on_it() -> None:
    numbers = tuple(str(i) for i in range(31))
    found = plane(table(circle(), numbers))
    assert found.frequency == 7 and found.words == numbers and found.share > CIRCLE / 15
    assert found.chance == pytest.approx(1 / 15)
    radius = np.linalg.norm(found.places, axis=1)
    assert radius.std() / radius.mean() < 0.2
    turns = np.unwrap(np.arctan2(found.places[:, 1], found.places[:, 0])[(np.arange(31) * 9) % 31])  # 7 x 9 = 1 mod 31
    np.testing.assert_allclose(np.diff(turns).mean(), 2 * np.pi * ((7 * 9) % 31) / 31, rtol=0.05)
    np.testing.assert_allclose(found.places, on_circle(circle(), 7))


def test_numbers_without_a_circle_are_words() -> None:
    found = plane(table(np.random.default_rng(3).normal(size=(31, 12)), tuple(str(i) for i in range(31))))
    assert found.frequency is None and len(found.words) == 31 and not found.orderly


def test_the_most_frequent_words_or_those_asked_for() -> None:
    vectors = np.random.default_rng(2).normal(size=(50, 8))
    counted = Vectors(table(vectors).table, counts=np.arange(50) % 17)
    assert set(plane(counted, most=4).words) == {"w16", "w33", "w15", "w32"}
    asked = plane(counted, ["w3", "w9"], most=10)
    assert asked.words[:2] == ("w3", "w9") == asked.asked and len(asked.words) == 10
    near = [word for word, _ in asked.answers[0].nearest]
    assert near[0] in asked.words and [str(answer.question) for answer in asked.answers] == ["w3", "w9"]
    with pytest.raises(UnknownWord):
        plane(counted, ["nobody"])
    assert plane(Vectors(sample()), most=5).words == ("the", "of", "to", "and", "in")


def test_a_vector_of_zeros_has_no_neighbours() -> None:
    vectors = np.eye(5)
    vectors[0] = 0
    assert [str(answer.question) for answer in plane(table(vectors)).answers] == ["w1", "w2", "w3", "w4"]


def test_vectors_of_nets() -> None:
    model: list[Any] = [
        {"embedding": 3}, {"gru": {"units": 4, "name": "e"}}, {"embedding": {"units": 5, "from": "decoder"}},
        {"gru": {"units": 4, "start": "e"}}, {"dense": "classes"},
    ]  # fmt: skip
    data = {"name": "cmudict"}
    subject = Subject.untrained(load({"data": data, "model": model, "train": {"steps": 1}}))
    dataset, train = subject.data.dataset, subject.data.splits.train
    read, spoken = vectors_of(subject), vectors_of(subject, "2_embedding")
    assert (read.table.words, spoken.table.words) == (dataset.vocabulary, dataset.classes)
    assert (read.table.vectors.shape[1], spoken.table.vectors.shape[1]) == (3, 5)
    counts = np.zeros(len(dataset.vocabulary), int)
    for row in train[:]:
        np.add.at(counts, dataset.columns["inputs"][row, : dataset.columns["lengths"][row]], 1)
    np.testing.assert_array_equal(read.counts, counts)
    with pytest.raises(Unsuited):
        vectors_of(subject, "gru")


def test_vectors_that_are_no_numbers() -> None:
    subject = Subject.untrained(load("names-gru"))
    subject.network.parameters["0_embedding.w"][3, 2] = np.inf
    with pytest.raises(Unsuited) as refusal:
        vectors_of(subject)
    assert f"dllab: {refusal.value.problem}\n{refusal.value.hint}\n" == (
        "dllab: viz-embeddings: 0_embedding.w has numbers that are infinite or none: training diverged\n"
        "train with a smaller learning rate, or look at it --before\n"
    )


def test_how_often_words_meet_as_rows() -> None:
    text = """\
data: {name: word_pairs, task: glove, words: 30, window: 2}
model: [glove: {units: 2}]
loss: glove
"""
    subject = Subject.untrained(parse(text))
    rows = subject.data.splits.train
    pairs, times = subject.data.dataset.columns["inputs"][rows], subject.data.targets(rows)
    found = counted(subject)
    assert found.words == subject.data.dataset.vocabulary and found.vectors.shape == (len(found.words),) * 2
    for word, other in ((1, 2), (3, 3), (2, 7)):
        met = sum(float(count[0]) for pair, count in zip(pairs, times) if tuple(pair) == (word, other))
        assert found.vectors[word, other] == pytest.approx(np.log(1 + met))
