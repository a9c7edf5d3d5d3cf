"""The tests that verdicts rest on: against scipy, and by simulation: false alarms and power."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from dllab.lab.paired import ALPHA, EXACT, holm, pairs_of, sign_flips, student


@pytest.mark.parametrize("n", [3, 5, 12, 40])
def test_student_is_scipys(n: int) -> None:
    differences = np.random.default_rng(n).normal(0.4, 1, n)
    wanted = stats.ttest_1samp(differences, 0)
    p, low, high = student(differences)
    assert p == pytest.approx(wanted.pvalue, abs=1e-12)
    assert (low, high) == pytest.approx(tuple(wanted.confidence_interval(0.95)))


@pytest.mark.parametrize("n", [3, 5, 9])
def test_flips_are_scipys(n: int) -> None:
    differences = np.random.default_rng(n).normal(0.4, 1, n)
    wanted = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flips(differences) == pytest.approx(wanted.pvalue)


def test_many_flips_are_drawn() -> None:
    differences = np.random.default_rng(3).normal(0.3, 1, EXACT + 20)
    assert sign_flips(differences) == pytest.approx(student(differences)[0], abs=0.02)
    assert sign_flips(np.ones(EXACT + 8)) > 0


def test_five_seeds_never_give_flips_below_a_sixteenth() -> None:
    assert sign_flips(np.array([5.0, 6, 7, 8, 9])) == 2 / 32


def test_holm_is_the_textbooks() -> None:
    assert holm([0.01, 0.04, 0.03]) == [0.03, 0.06, 0.06]
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    corrected = holm([math.nan, 0.02])
    assert math.isnan(corrected[0]) and corrected[1] == 0.02, "what cannot be tested does not count as a test"


def shared(rng: np.random.Generator, contenders: int, seeds: int) -> np.ndarray:
    """Figures of contenders that are the same: an effect of the seed, which all share, and noise of each run."""
    return rng.normal(size=seeds) + rng.normal(size=(contenders, seeds))


@pytest.mark.parametrize("noise", ["normal", "heavy", "skewed", "shares"])
def test_equals_are_rarely_told_apart(noise: str) -> None:
    rng, alarms = np.random.default_rng(5), 0
    for _ in range(800):
        values = shared(rng, 4, 5)
        if noise == "heavy":
            values = rng.standard_t(3, size=(4, 5))
        if noise == "skewed":
            values = rng.exponential(size=(4, 5))
        if noise == "shares":
            values = rng.binomial(100, 0.97, (4, 5)) / 100
        alarms += any(pair.significant for pair in pairs_of(values.tolist(), 0.01 if noise == "shares" else 0.0))
    assert alarms / 800 <= ALPHA + 0.008, "two standard errors of 800 simulations are 0.015"


def test_large_differences_are_seen_and_small_ones_need_more_seeds() -> None:
    def power(effect: float, seeds: int) -> float:
        rng, seen = np.random.default_rng(6), 0
        for _ in range(300):
            values = shared(rng, 2, seeds)
            values[0] += effect
            seen += pairs_of(values.tolist())[0].significant
        return seen / 300

    assert power(5.0, 5) > 0.95
    assert power(1.5, 5) < 0.6 < 0.9 < power(1.5, 20)


def test_pairs_need_what_both_have() -> None:
    pair, *_ = pairs_of([[1.0, math.nan, 3.0], [0.0, 1.0, math.nan]])
    assert pair.seeds == 1 and math.isnan(pair.p) and not pair.significant
    (pair,) = pairs_of([[2.0, 3.0, math.nan, 4.0], [1.0, 2.0, 5.0, 3.0]])
    assert (pair.seeds, pair.difference, pair.p) == (3, 1.0, 0.25)
    (pair,) = pairs_of([[2.0, 3.0], [1.0, 2.0]])
    assert (pair.seeds, pair.difference) == (2, 1.0) and math.isnan(pair.p), "two are too few"


def test_shares_that_are_equal_by_chance_are_no_proof() -> None:
    ((p, *_), exact) = student(np.full(3, 0.01), 0.01), student(np.full(3, 0.01))
    assert exact[0] == 0.25 and p > 0.01
    assert student(np.zeros(5), 0.01)[0] == 1.0 and student(np.zeros(5))[0] == 1.0


def test_differences_without_a_spread_prove_nothing_by_their_size() -> None:
    (pair,) = pairs_of([[0.9, 0.8, 0.9], [0.8, 0.7, 0.8]])
    assert pair.p == pair.flips == 0.25 and not pair.significant, "0.9 - 0.8 and 0.8 - 0.7 differ in their last bits"
    assert math.isnan(pair.low) and math.isnan(pair.high)
    (pair,) = pairs_of([[0.9] * 5, [0.8] * 5])
    assert pair.p == 2 / 32 and not pair.significant
    assert pairs_of([[0.9] * 8, [0.8] * 8])[0].significant
    assert pairs_of([[0.9, 0.90001, 0.9], [0.8] * 3])[0].p < 1e-6, "what has a spread has Student's p"
