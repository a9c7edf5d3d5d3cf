"""Bootstrap intervals: against a plain twin, and by simulation: how often they hold the mean."""

from __future__ import annotations

import math
from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from dllab.lab.bootstrap import EXACT, Interval, expanded, mean_interval, resamples, t_inside, t_quantile


def twin(values: list[float], level: float) -> Interval:
    """The same interval by plain Python and scipy's t."""
    n = len(values)
    means = sorted(sum(drawn) / n for drawn in product(values, repeat=n))
    quantile = NormalDist().cdf(-math.sqrt(n / (n - 1)) * stats.t.ppf((1 + level) / 2, n - 1))
    rank = max(math.ceil(quantile * len(means) - 1e-9), 1)
    return Interval(sum(values) / n, means[rank - 1], means[len(means) - rank])


@pytest.mark.parametrize("n", [5, 6])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_few_values_by_all_their_resamples(n: int, level: float) -> None:
    values = np.random.default_rng(n).normal(size=n).tolist()
    found, wanted = mean_interval(values, level), twin(values, level)
    np.testing.assert_allclose([found.mean, found.low, found.high], [wanted.mean, wanted.low, wanted.high], rtol=1e-12)


def test_many_values_come_near_to_students_interval() -> None:
    values = np.random.default_rng(0).normal(3, 2, 200)
    found = mean_interval(values.tolist())
    reach = stats.t.ppf(0.975, 199) * values.std(ddof=1) / math.sqrt(200)
    assert found.low == pytest.approx(values.mean() - reach, abs=0.06)
    assert found.high == pytest.approx(values.mean() + reach, abs=0.06)


def test_the_same_numbers_always() -> None:
    values = list(range(EXACT + 4))
    assert mean_interval(values) == Interval(4.5, 2.4, 6.7)
    assert resamples(EXACT + 1)[0].tolist() == resamples.__wrapped__(EXACT + 1)[0].tolist()


def test_resamples_take_every_value_alike() -> None:
    drawn = resamples(10)
    np.testing.assert_allclose(np.bincount(drawn.ravel()) / drawn.size, 0.1, atol=0.002)


@pytest.mark.parametrize(("n", "least"), [(5, 0.90), (10, 0.92), (20, 0.93)])
def test_intervals_of_few_seeds_hold_the_mean_nearly_as_often_as_they_say(n: int, least: float) -> None:
    draws = np.random.default_rng(1).normal(size=(600, n))
    intervals = [mean_interval(row.tolist()) for row in draws]
    held = np.mean([interval.low <= 0 <= interval.high for interval in intervals])
    assert least <= held <= 0.98
    plain = [np.percentile(row[resamples(n)].mean(axis=1), (2.5, 97.5)) for row in draws[:200]]
    assert n > 5 or np.mean([low <= 0 <= high for low, high in plain]) < 0.88, "what the expansion is for"


@pytest.mark.parametrize("n", [2, 3, 4])
def test_of_few_values_resamples_tell_the_range_only_and_there_is_no_interval(n: int) -> None:
    values = np.random.default_rng(n).normal(size=n).tolist()
    range_ = twin(values, 0.95)
    assert (range_.low, range_.high) == pytest.approx((min(values), max(values)))
    found = mean_interval(values)
    assert found.mean == pytest.approx(range_.mean) and math.isnan(found.low) and math.isnan(found.high)


def test_what_one_value_does_not_tell() -> None:
    assert math.isnan(mean_interval([]).mean)
    one = mean_interval([2.0])
    assert one.mean == 2 and math.isnan(one.low) and math.isnan(one.high)
    assert mean_interval([1.0] * 5) == Interval(1.0, 1.0, 1.0)
    assert math.isnan(mean_interval([1.0, 2.0, 3.0, 4.0, math.inf]).low)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 5, 9, 30, 101])
def test_students_t(df: int) -> None:
    for t in (0.0, 0.3, 1.0, 2.5, 9.0):
        assert t_inside(t, df) == pytest.approx(1 - 2 * stats.t.sf(t, df), abs=1e-12)
    assert t_quantile(0.95, df) == pytest.approx(stats.t.ppf(0.975, df), rel=1e-9)
    assert expanded(df + 1, 0.95) < 0.025
