"""Nearest vectors, agreement of neighbours and circles of numbers, against what is known of made vectors."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.lab.word_vectors import Overlap, circle_power, nearest, neighbours, overlap, top_share, unit

WORDS = [f"w{i}" for i in range(300)]


def drawn(seed: int, words: int = 300, units: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(words, units))


def test_unit_vectors_of_any_length_and_of_none() -> None:
    found = unit(np.array([[3.0, 4.0], [0.0, 0.0], [-1e-20, 0.0]]))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0], [-1, 0]])


def test_nearest_by_the_angle_not_by_the_distance() -> None:
    units = unit(np.array([[1.0, 0.0], [100.0, 1.0], [0.9, 0.3], [-1.0, 0.0]]))
    found = nearest(units, np.array([2.0, 0.0]), 3, without=(0,))
    assert [row for row, _ in found] == [1, 2, 3]
    np.testing.assert_allclose([cosine for _, cosine in found], [0.99995, 0.94868, -1.0], atol=1e-5)
    assert [row for row, _ in nearest(units, np.array([2.0, 0.0]), 99)] == [0, 1, 2, 3]


def test_neighbours_are_the_rows_of_greatest_cosine() -> None:
    vectors = drawn(0, words=1500)  # more than one part of the table
    cosines = unit(vectors) @ unit(vectors).T
    np.fill_diagonal(cosines, -2)
    expected = np.sort(np.argsort(-cosines, axis=1)[:, :4], axis=1)
    np.testing.assert_array_equal(np.sort(neighbours(vectors, 4), axis=1), expected)


def test_the_same_vectors_agree_and_strange_ones_by_chance() -> None:
    vectors, order = drawn(0), np.random.default_rng(1).permutation(300)
    turned = vectors @ np.linalg.qr(drawn(2, 8))[0] * 7  # turned and stretched: the angles stay
    same = overlap(WORDS, vectors, [WORDS[i] for i in order], turned[order])
    assert same == Overlap(300, 10, 1.0, 10 / 299)
    strange = overlap(WORDS, vectors, WORDS, drawn(3))
    assert strange.share == pytest.approx(strange.chance, abs=0.012)
    half = np.hstack([vectors, drawn(3)])
    assert 5 * strange.chance < overlap(WORDS, vectors, WORDS, half).share < 0.9


def test_neighbours_are_sought_among_shared_words_alone() -> None:
    vectors = drawn(0)
    others = [word if i % 3 else f"x{i}" for i, word in enumerate(WORDS)]
    found = overlap(WORDS, vectors, others, vectors, count=5)
    assert found == Overlap(200, 5, 1.0, 5 / 199)
    with pytest.raises(ValueError, match="6 words in common are too few"):
        overlap(WORDS[:6], vectors[:6], WORDS, vectors, count=5)


@pytest.mark.parametrize("count", [12, 13])
def test_a_circle_has_its_power_in_its_frequency(count: int) -> None:
    angles = 2 * np.pi * np.outer(np.arange(count), [2, 5]) / count
    circles = np.hstack([3 * np.cos(angles), 3 * np.sin(angles)]) + 40.0  # where it lies is nothing
    shares = circle_power(circles)
    assert len(shares) == count // 2
    np.testing.assert_allclose(shares[[1, 4]], [0.5, 0.5], rtol=1e-12)
    assert top_share(shares, 2) == pytest.approx(1)
    ups = circle_power(np.cos(np.pi * np.arange(12))[:, None] + np.cos(np.pi * np.arange(12) / 2)[:, None])
    np.testing.assert_allclose(ups[[2, 5]], [1 / 3, 2 / 3], rtol=1e-12)  # as the sums of squares of the two waves are


def test_random_numbers_have_even_power() -> None:
    shares = circle_power(drawn(0, words=97, units=400))
    assert shares.sum() == pytest.approx(1)
    assert shares.max() < 1.6 / 48 and top_share(shares, 5) < 8 / 48
    assert not circle_power(np.ones((9, 3))).any()
