"""The band of good rates: around the best one, its ends between the rates that were tried."""

from __future__ import annotations

import math

import pytest

from dllab.lab.rate_band import rate_band

RATES = [0.001, 0.01, 0.1, 1.0, 10.0]


def test_the_ends_lie_where_the_loss_passes_the_bound() -> None:
    """From 1 to 100 in a decade: 10 % more are reached after log10(1.1) / 2 of it."""
    found = rate_band(RATES, [100.0, 100.0, 1.0, 100.0, math.nan])
    reach = math.log10(1.1) / 2
    assert found.low == pytest.approx(10 ** (-1 - reach)) and found.high == pytest.approx(10 ** (-1 + reach))
    assert found.decades == pytest.approx(2 * reach) and not found.open_low and not found.open_high


def test_good_neighbours_belong_to_it_and_others_behind_a_gap_do_not() -> None:
    found = rate_band(RATES, [1.05, 100.0, 1.05, 1.0, math.nan])
    assert found.low == pytest.approx(0.1 / 10 ** (math.log10(1.1 / 1.05) / math.log10(100 / 1.05)))
    assert found.high == pytest.approx(10**0.5), "half-way to the rate that diverges"


def test_where_no_further_rate_was_tried_it_is_open() -> None:
    found = rate_band(RATES, [1.0] * 5)
    assert (found.low, found.high, found.open_low, found.open_high) == (0.001, 10.0, True, True)


def test_there_is_none_where_all_diverged() -> None:
    assert math.isnan(rate_band(RATES, [math.nan] * 5).decades)
