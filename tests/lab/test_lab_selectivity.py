"""How far channels answer to one class alone."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.lab.selectivity import selectivity


def test_a_channel_for_one_class_has_one_and_a_channel_for_all_has_zero() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2])
    only, every = (labels == 1).astype(float), np.ones(6)
    twice = np.where(labels == 2, 2.0, 1.0)  # (2 - 1) / (2 + 1)
    found = selectivity(np.stack([only, every, twice, np.zeros(6)], axis=1), labels)
    assert found == pytest.approx([1, 0, 1 / 3, 0])


def test_places_of_a_map_count_by_their_mean() -> None:
    maps = np.zeros((2, 2, 2, 1))
    maps[0, 0, 0], maps[1] = 4.0, 3.0  # means 1 and 3
    assert selectivity(maps, np.array([0, 1])) == pytest.approx([0.5])


def test_outputs_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="not below 0"):
        selectivity(np.array([[-1.0], [1.0]]), np.array([0, 1]))
