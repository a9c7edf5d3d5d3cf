"""Predictions as CSV and JSON: as many names as values, and no figure that JSON has no word for."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dllab.runs.ready import Predictions
from dllab.views.predictions import document, lines

LINES = np.array([2, 3])
ONE_SCORE = Predictions(np.array([[0.0], [1.0]]), False, np.array([0, 1]), ("no", "yes"))
TWO_SCORES = Predictions(np.array([[0.5, 0.25], [0.0, 1.0]]), False, np.array([0, 1]), ("no", "yes"))
ONE_PROBABILITY = Predictions(np.array([[0.25], [0.75]]), True, np.array([0, 1]), ("no", "yes"))
VALUES = Predictions(np.array([[np.nan, 1.0], [np.inf, -2.0]]), False, None, ())
NO_NUMBER = Predictions(np.full((2, 2), np.nan), True, np.array([0, 0]), ("no", "yes"))


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("found", [ONE_SCORE, TWO_SCORES, ONE_PROBABILITY, VALUES, NO_NUMBER])
def test_every_line_has_the_columns_of_the_first(found: Predictions, every: bool) -> None:
    rows = list(lines(found, "answer", LINES, every))
    assert len(rows) == 3 and len({len(row) for row in rows}) == 1


def test_one_score_for_two_classes_is_told_once() -> None:
    assert list(lines(ONE_SCORE, "answer", LINES, True))[:2] == [["line", "answer", "score"], ["2", "no", "0"]]
    assert list(lines(ONE_PROBABILITY, "answer", LINES, True))[1] == ["2", "no", "0.75", "0.25"]


@pytest.mark.parametrize("found", [VALUES, NO_NUMBER])
def test_what_is_no_number_is_null(found: Predictions) -> None:
    text = json.dumps(document(found, "answer", LINES, True), allow_nan=False)
    assert "null" in text
