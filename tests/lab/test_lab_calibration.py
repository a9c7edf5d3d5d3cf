"""Calibration by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dllab.lab.calibration import calibration


def test_by_hand() -> None:
    """Two rows near 0.2 of which one happened, two near 0.9 that both did."""
    found = calibration([0.2, 0.25, 0.9, 1.0], [1, 0, 1, 1], bins=2)
    assert found.said.tolist() == [0.225, 0.95] and found.happened.tolist() == [0.5, 1.0] and found.rows.tolist() == [2, 2]
    assert found.error == pytest.approx((2 * 0.275 + 2 * 0.05) / 4)


def test_what_is_right_has_no_error() -> None:
    p = np.repeat([0.25, 0.75], 4)
    assert calibration(p, [1, 0, 0, 0, 1, 1, 1, 0]).error == 0
    assert calibration(1 - p, [1, 0, 0, 0, 1, 1, 1, 0]).error == 0.5


def test_each_needs_its_outcome() -> None:
    with pytest.raises(ValueError, match="2 probabilities and 1 outcomes"):
        calibration([0.5, 0.5], [1])
