"""Questions of words and sums of words, and the answers of a table; the sample that comes with the lab."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.lab.neighbours import Table, UnknownWord, against, answers, circles, questions, sample

WORDS = ("king", "queen", "man", "woman", "+", "-", " ", "new york")
VECTORS = np.array([[1, 1, 0], [1, -1, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1], [0, 1, 1], [1, 0, 1]], float)
TABLE = Table("made", "w", WORDS, VECTORS)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["king"], ["king"]),
        (["king", "queen"], ["king", "queen"]),
        (["king - man + woman"], ["king - man + woman"]),
        (["king", "-", "man", "+", "woman", "queen"], ["king - man + woman", "queen"]),
        (["king - man", "+", "woman"], ["king - man + woman"]),
        (["king queen"], ["king", "queen"]),
        (["- man"], ["-", "man"]),  # both are words here
        (["+"], ["+"]),
        (["king", "+"], ["king", "+"]),
        ([" "], [" "]),
        (["new york", "+", "king"], ["new york + king"]),
        (["nobody - man"], ["nobody - man"]),
        ([], []),
    ],
)
def test_questions(arguments: list[str], found: list[str]) -> None:
    assert [str(question) for question in questions(arguments, set(WORDS))] == found


def test_a_sign_that_is_no_word_takes_away() -> None:
    (asked,) = questions(["- man + king"], {"man", "king"})
    assert asked.terms == ((-1.0, "man"), (1.0, "king")) and str(asked) == "- man + king"


def test_answers_leave_out_the_words_of_the_question() -> None:
    found = answers(TABLE, questions(["king - man + woman", "man"], set(WORDS)), 3)
    assert found[0].nearest[0][0] == "queen"
    assert not {"king", "man", "woman"} & {word for word, _ in found[0].nearest}
    assert [word for word, _ in found[1].nearest[:2]] == ["king", " "]
    np.testing.assert_allclose(found[1].nearest[0][1], 0.5**0.5)
    with pytest.raises(UnknownWord, match="nobody"):
        answers(TABLE, questions(["king nobody"], set(WORDS)), 3)


def test_each_word_of_a_sum_counts_with_length_1() -> None:
    long = Table("made", "w", ("a", "b", "c", "d"), np.array([[100.0, 0], [0, 1], [1, 1], [1, 0.1]]))
    (found,) = answers(long, questions(["a + b"], set(long.words)), 2)
    assert found.nearest[0][0] == "c"


def test_the_rank_of_a_word_among_the_nearest() -> None:
    angles = np.radians([0.0, 40, -10, 170, 95])
    table = Table("made", "w", tuple("abcde"), np.column_stack([np.cos(angles), 3 * np.sin(angles)]))
    (found,) = answers(table, questions(["a"], set(table.words)), 4)
    assert [table.rank("a", word) for word, _ in found.nearest] == [1, 2, 3, 4]
    with pytest.raises(UnknownWord, match="nobody"):
        TABLE.rank("king", "nobody")


def test_the_sample_knows_a_queen() -> None:
    glove = sample()
    assert glove.vectors.shape == (10_000, 50) and len(set(glove.words)) == 10_000
    (found,) = answers(glove, questions(["king - man + woman"], set(glove.words)), 1)
    assert found.nearest[0][0] == "queen"
    itself = against(glove, glove)
    assert itself.share == 1.0 and itself.words == 10_000


def test_numbers_among_other_words() -> None:
    angles = 2 * np.pi * 3 * np.arange(11) / 11
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    words = ("=", *map(str, range(11)), "12")
    table = Table("made", "w", words, np.vstack([[5.0, 5.0], circle, [9.0, 9.0]]))
    shares = circles(table)
    assert shares is not None and shares[2] == pytest.approx(1)
    assert circles(TABLE) is None
