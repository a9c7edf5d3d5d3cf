"""The best line: all rows where one parts them, and three corners of XOR."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.lab.best_line import best_line

CORNERS = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])


@pytest.mark.parametrize(
    ("labels", "share"),
    [([0, 0, 0, 1], 1), ([0, 1, 1, 1], 1), ([1, 1, 1, 0], 1), ([0, 1, 1, 0], 0.75), ([1, 0, 0, 1], 0.75)],
)
def test_corners_of_a_square(labels: list[int], share: float) -> None:
    assert best_line(CORNERS, labels) == share


def test_it_is_as_good_as_the_border_that_made_the_labels() -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (60, 2))
    assert best_line(x, (x @ (0.6, 0.8) > 0.2).astype(int)) > 0.95
