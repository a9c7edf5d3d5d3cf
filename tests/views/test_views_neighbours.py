"""Nearest words, agreement and circles on an 80-column screen and as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from screens import compare, screen

from dllab.lab.neighbours import Answer, Question, Table
from dllab.lab.word_vectors import Overlap
from dllab.views.neighbours import Found, Neighbours, document

TABLE = Table("runs/word2vec-20261126-101500", "0_skip_gram.w", tuple("abcdef"), np.zeros((6, 50)))
KING = Question(((1.0, "king"), (-1.0, "man"), (1.0, "woman")))
NEAR = (
    ("queen", 0.8523),
    ("a-very-long-word-that-somebody-has-run-together", 0.7),
    (" ", 0.5),
    ("\x1b[31m", 0.0),
    ("no", -1.0),
)
ANSWERS = (Answer(KING, NEAR), Answer(Question(((1.0, "日本"),)), (("東京", 1.0), ("x", 0.25))))
OVERLAP = Overlap(2118, 10, 0.0747, 10 / 2117)
SHARES = np.array([0.01, 0.4, 0.02, 0.3, 0.15, 0.12])


@pytest.mark.parametrize("ascii_only", [False, True])
def test_words_nearest_to_others(ascii_only: bool) -> None:
    answers = ANSWERS[:1] if ascii_only else ANSWERS
    shown = screen(Neighbours(Found(TABLE, answers, "glove10k", OVERLAP)), ascii_only=ascii_only)
    assert max(map(len, shown.splitlines())) <= 80 and "\x1b" not in shown
    compare(f"neighbours{'_ascii' if ascii_only else ''}", shown)


def test_the_table_as_a_whole() -> None:
    compare("neighbours_circles", screen(Neighbours(Found(TABLE, circles=SHARES))))
    assert "dllab neighbours runs/" in screen(Neighbours(Found(TABLE)))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_bars_are_as_long_as_cosines_are_large(width: int) -> None:
    lines = screen(Neighbours(Found(TABLE, ANSWERS[:1])), width=width).splitlines()
    bars = [line.count("█") for line in lines[-5:]]
    assert bars == sorted(bars, reverse=True) and bars[-1] == bars[-2] == 0
    assert bars[0] / bars[1] == pytest.approx(0.8523 / 0.7, rel=0.1)
    assert max(map(len, lines)) <= width


def test_documents() -> None:
    found = document(Found(TABLE, ANSWERS, "glove10k", OVERLAP, None))
    assert json.loads(json.dumps(found, allow_nan=False))["against"]["share"] == 0.0747
    assert found["questions"][0]["question"] == "king - man + woman"
    bad = Answer(KING, (("x", float("nan")),))
    nothing = document(Found(TABLE, (bad,), circles=np.array([np.nan])))
    assert nothing["questions"][0]["neighbours"] == [{"word": "x", "cosine": None}] and nothing["circles"] == [None]
