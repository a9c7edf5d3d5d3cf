"""Hand-made features: sums and edges of small pictures."""

from __future__ import annotations

import numpy as np

from dllab.lab.hand_made import ZONES, edges, sums, zones


def test_sums_of_rows_columns_and_zones() -> None:
    image = np.arange(64.0).reshape(1, 8, 8)
    found = sums(image)[0]
    assert found[:8].tolist() == image[0].sum(1).tolist() and found[8:16].tolist() == image[0].sum(0).tolist()
    assert found[16] == image[0, :2, :2].sum() and found[17] == image[0, :2, 2:4].sum() and len(found) == 16 + ZONES**2


def test_edges_are_told_apart_by_direction_and_zone() -> None:
    image = np.zeros((1, 8, 8))
    image[0, :, 5:] = 1  # brighter to the right, once in each row, at column 5
    found = edges(image).reshape(ZONES, ZONES, 4)
    assert found[:, 2, 0].tolist() == [2, 2, 2, 2] and found[..., [1, 3]].sum() == 0
    assert found[0, :, 2].tolist() == [0, 0, 1, 2] and found.sum() == 11, "the upper rim has ink in it"


def test_what_fills_no_zone_is_left_out() -> None:
    assert zones(np.ones((2, 14, 14, 1))).tolist() == [[9.0] * 16] * 2
