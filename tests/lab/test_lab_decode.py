"""Decoding against all answers there are, over vocabularies small enough to list them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from dllab.lab.decode import Answer, decode

STEPS, WORDS = 4, 3


def speaker(seed: int, sharp: float = 1.0) -> tuple[dict[tuple[int, tuple[int, ...]], NDArray[np.float64]], list[int]]:
    """log p of every beginning of two rows, drawn at random, and a list that counts how often it is asked."""
    rng = np.random.default_rng(seed)
    table = {}
    for row, length in product(range(2), range(STEPS)):
        for words in product(range(1, WORDS), repeat=length):
            scores = sharp * rng.normal(size=WORDS)
            table[row, words] = scores - np.log(np.exp(scores).sum())
    return table, []


def asked(table: dict[tuple[int, tuple[int, ...]], NDArray[np.float64]], log: list[int]):  # type: ignore[no-untyped-def]
    def log_p(read: NDArray[np.int32], rows: NDArray[np.int64], step: int) -> NDArray[np.float64]:
        assert read.dtype == np.int32 and read.shape == (len(rows), STEPS)
        assert not read[:, 0].any() and not read[:, step + 1 :].any()  # the boundary in front, nothing of the future
        log.append(len(rows))
        return np.array([table[int(row), tuple(words[1 : step + 1].tolist())] for row, words in zip(rows, read)])

    return log_p


def everything(table: dict[tuple[int, tuple[int, ...]], NDArray[np.float64]], row: int) -> list[Answer]:
    """All answers to a row, the best first: those that end, and those that are cut off."""
    found = []
    for length in range(STEPS + 1):
        for words in product(range(1, WORDS), repeat=length):
            log_p = sum(table[row, words[:i]][words[i]] for i in range(length))
            ended = length < STEPS
            if ended:
                log_p += table[row, words][0]
            found.append(Answer(words, float(log_p), ended))
    return sorted(found, key=lambda answer: -answer.log_p / (len(answer.ids) + answer.ended or 1))


@pytest.mark.parametrize("seed", range(20))
def test_a_beam_of_everything_finds_the_best(seed: int) -> None:
    table, log = speaker(seed, sharp=1 + seed % 3)
    found = decode(asked(table, log), 2, STEPS, beam=200)
    for row in range(2):
        best = everything(table, row)
        assert [answer.ids for answer in found[row]] == [answer.ids for answer in best]
        np.testing.assert_allclose([answer.log_p for answer in found[row]], [answer.log_p for answer in best], rtol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_a_beam_of_one_is_greedy(seed: int) -> None:
    table, log = speaker(seed)
    found = decode(asked(table, log), 2, STEPS)
    for row in range(2):
        words: tuple[int, ...] = ()
        while len(words) < STEPS and (word := int(table[row, words].argmax())):
            words += (word,)
        assert [answer.ids for answer in found[row]] == [words]
        assert found[row][0].ended == (len(words) < STEPS)
    assert len(log) <= STEPS and max(log) <= 2


def test_a_narrow_beam_is_among_the_best_and_stops_early() -> None:
    better = 0
    for seed in range(40):
        table, log = speaker(seed)
        greedy, wide = (decode(asked(table, log), 2, STEPS, beam)[0][0] for beam in (1, 3))
        better += wide.score > greedy.score + 1e-12
        assert wide.score <= everything(table, 0)[0].score + 1e-12
    assert better >= 5
    sure = {key: np.log([0.9998, 0.0001, 0.0001]) for key in speaker(0)[0]}
    log = []
    assert decode(asked(sure, log), 2, STEPS)[1] == [Answer((), float(np.log(0.9998)), True)]
    assert log == [2]


def test_scores_are_means() -> None:
    """0.4 in one word is worse than 0.36 in two: 0.4 against a mean of 0.6."""
    assert Answer((5,), np.log(0.36), True).score == pytest.approx(np.log(0.6))
    assert Answer((), np.log(0.4), True).score == pytest.approx(np.log(0.4))
    assert Answer((5, 5), np.log(0.36), False).score == pytest.approx(np.log(0.6))


def test_what_cannot_be_is_not_said() -> None:
    def log_p(read: NDArray[np.int32], rows: NDArray[np.int64], step: int) -> NDArray[np.float64]:
        return np.log(np.array([[float(step == 2), 1.0, 0.0]] * len(rows)))

    with np.errstate(divide="ignore"):
        found = decode(log_p, 1, STEPS, beam=3)
    assert {answer.ids for answer in found[0]} == {(1, 1), (1, 1, 1, 1)}
