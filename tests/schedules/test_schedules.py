"""Every schedule against its formula by hand; what all have in common, as properties."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dllab
from dllab import catalogue
from dllab.recipe import RecipeError
from dllab.schedules.constant import Constant
from dllab.schedules.cosine import Cosine
from dllab.schedules.exponential import Exponential
from dllab.schedules.one_cycle import OneCycle
from dllab.schedules.plateau import Plateau
from dllab.schedules.schedule import Schedule
from dllab.schedules.step import Step

TOTAL = 40


def one_cycle(
    t: int, total: int, start: float = 0.04, peak_at: float = 0.3, final: float = 0.0, linear: bool = False
) -> float:
    peak = peak_at * total
    a, b, q = (start, 1.0, t / peak) if t < peak else (1.0, final, (t - peak) / (total - peak))
    q = min(q, 1.0)
    return a + (b - a) * (q if linear else (1 - math.cos(math.pi * q)) / 2)


def cosine(t: int, total: int, final: float = 0.0) -> float:
    return final + (1 - final) * (1 + math.cos(math.pi * min(t / total, 1.0))) / 2


# Each schedule with its factor at step t of `total`, without a warm-up.
BY_HAND: list[tuple[Schedule, Callable[[int, int], float]]] = [
    (Constant(), lambda t, total: 1.0),
    (Step(every=7), lambda t, total: 0.1 ** (t // 7)),
    (Step(every=1, factor=0.5), lambda t, total: 0.5**t),
    (Step(at=(20, 5), factor=0.2), lambda t, total: 1.0 if t < 5 else 0.2 if t < 20 else 0.2 * 0.2),
    (Exponential(decay=0.9), lambda t, total: 0.9**t),
    (Exponential(half_life=8.0), lambda t, total: 0.5 ** (t / 8)),
    (Cosine(), cosine),
    (Cosine(final=0.25), lambda t, total: cosine(t, total, 0.25)),
    (OneCycle(), one_cycle),
    (OneCycle(start=0.2, peak_at=0.5, final=0.1), lambda t, total: one_cycle(t, total, 0.2, 0.5, 0.1)),
    (OneCycle(peak_at=0.0, curve="linear"), lambda t, total: one_cycle(t, total, peak_at=0.0, linear=True)),
    (OneCycle(curve="linear"), lambda t, total: one_cycle(t, total, linear=True)),
    (Plateau(), lambda t, total: 1.0),
]
by_hand = pytest.mark.parametrize(("schedule", "formula"), BY_HAND, ids=[repr(s) for s, _ in BY_HAND])


def factors(schedule: Schedule, total: int = TOTAL, steps: int | None = None) -> np.ndarray:
    return schedule.factors(np.arange(steps or total), total)


def test_every_schedule_is_here() -> None:
    assert set(catalogue.parts("schedules")) == {s.name for s, _ in BY_HAND}


@by_hand
def test_factors_are_those_of_the_formula(schedule: Schedule, formula: Callable[[int, int], float]) -> None:
    np.testing.assert_allclose(factors(schedule), [formula(t, TOTAL) for t in range(TOTAL)], rtol=1e-12, atol=1e-15)


@by_hand
@pytest.mark.parametrize("warmup", [1, 5, TOTAL, 2 * TOTAL])
def test_a_warm_up_rises_in_equal_steps_to_where_the_schedule_starts(
    schedule: Schedule, formula: Callable[[int, int], float], warmup: int
) -> None:
    warm = type(schedule)(**(schedule.model_dump(exclude_none=True) | {"warmup": warmup}))
    after = max(TOTAL - warmup, 1)
    expected = [(t + 1) / warmup * formula(0, after) if t < warmup else formula(t - warmup, after) for t in range(TOTAL)]
    np.testing.assert_allclose(factors(warm), expected, rtol=1e-12, atol=1e-15)


def test_milestones_by_hand() -> None:
    assert factors(Cosine())[TOTAL // 2] == pytest.approx(0.5)
    assert factors(Cosine(final=0.3), steps=TOTAL + 1)[TOTAL] == pytest.approx(0.3)
    assert factors(OneCycle())[0] == pytest.approx(0.04) and factors(OneCycle())[12] == 1.0
    assert factors(Exponential(half_life=10.0))[[0, 10, 20]] == pytest.approx([1.0, 0.5, 0.25])
    assert factors(Step(every=10))[[9, 10]] == pytest.approx([1.0, 0.1])
    assert factors(Constant(warmup=4))[:6] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 1.0])


# ---- properties ----------------------------------------------------------------------------------------------------

shares = st.floats(0, 0.99)
warmups = st.integers(0, 50)
SCHEDULES = st.one_of(
    st.builds(Constant, warmup=warmups),
    st.builds(Step, every=st.integers(1, 500), factor=st.floats(1e-6, 1), warmup=warmups),
    st.builds(Step, at=st.lists(st.integers(1, 500), min_size=1, max_size=6).map(tuple), factor=st.floats(1e-6, 1)),
    st.builds(Exponential, decay=st.floats(1e-6, 1), warmup=warmups),
    st.builds(Exponential, half_life=st.floats(5e-324, 1e9), warmup=warmups),
    st.builds(Cosine, final=shares, warmup=warmups),
    st.builds(OneCycle, start=st.floats(0, 1), peak_at=shares, final=shares, curve=st.sampled_from(["cosine", "linear"]),
              warmup=warmups),
    st.builds(Plateau, warmup=warmups),
)  # fmt: skip


@given(SCHEDULES, st.integers(1, 600))
def test_factors_lie_between_zero_and_one(schedule: Schedule, total: int) -> None:
    found = factors(schedule, total, total + 10)
    assert found.dtype == np.float64 and np.all(np.isfinite(found))
    assert np.all(found >= 0) and np.all(found <= 1 + 1e-12)


@given(SCHEDULES, st.integers(1, 600), st.data())
def test_a_run_may_ask_in_pieces_of_any_size(schedule: Schedule, total: int, data: st.DataObject) -> None:
    whole = factors(schedule, total)
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=5)))
    pieces = [schedule.factors(np.arange(a, b), total) for a, b in zip([0, *cuts], [*cuts, total])]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


@given(SCHEDULES, st.integers(200, 600))
def test_smooth_schedules_never_jump(schedule: Schedule, total: int) -> None:
    if isinstance(schedule, Step) or (isinstance(schedule, Exponential) and factors(schedule)[-1] < 0.1):
        return
    rise = 1.0 / max(schedule.warmup, 1) if schedule.warmup else 0.0
    length = total - schedule.warmup
    narrow = min(schedule.peak_at, 1 - schedule.peak_at) if isinstance(schedule, OneCycle) and schedule.peak_at else 1.0
    steepest = 2.0 / (length * max(narrow, 1e-9))  # pi / 2 for half a cosine, and a kink at the peak
    fall = 1.0 - getattr(schedule, "decay", None) if getattr(schedule, "decay", None) else 0.0
    if isinstance(schedule, Exponential) and schedule.half_life is not None:
        fall = 1.0 - 2.0 ** (-1.0 / schedule.half_life)
    assert np.abs(np.diff(factors(schedule, total))).max() <= max(rise, steepest, fall) + 1e-12


@given(SCHEDULES, st.integers(1, 600))
def test_only_one_cycle_rises_after_the_warm_up(schedule: Schedule, total: int) -> None:
    if not isinstance(schedule, OneCycle):
        assert np.all(np.diff(factors(schedule, total)[schedule.warmup :]) <= 1e-15)


# ---- plateau -------------------------------------------------------------------------------------------------------


def test_plateau_drops_after_patience_evaluations_without_improvement() -> None:
    rule = Plateau(factor=0.5, patience=2)
    losses = [3.0, 2.0, 2.5, 2.0, 1.9, 1.95, 2.2, 2.1, 2.0, 1.0]
    found = [rule.react(losses[:n]) for n in range(len(losses) + 1)]
    assert found == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]


def test_plateau_wants_more_than_min_delta_and_no_nan() -> None:
    assert Plateau(patience=1, min_delta=0.5).react([2.0, 1.5]) == 0.5  # exactly min_delta is too little
    assert Plateau(patience=1, min_delta=0.5).react([2.0, 1.4]) == 1.0
    assert Plateau(patience=2).react([1.0, math.nan, math.nan]) == 0.5
    assert Plateau(patience=2).react([math.nan, 1.0]) == 1.0


@given(st.lists(st.floats(allow_nan=True), max_size=60), st.integers(1, 5), st.floats(0.05, 0.95))
def test_plateau_only_lowers_and_counts_like_a_bookkeeper(losses: list[float], patience: int, factor: float) -> None:
    rule = Plateau(patience=patience, factor=factor)
    found = [rule.react(losses[:n]) for n in range(len(losses) + 1)]
    assert all(b <= a for a, b in itertools.pairwise(found))
    drops, best, last = 0, math.inf, -1
    for n, loss in enumerate(losses):
        if loss < best:
            best, last = loss, n
        elif n - last >= patience:
            drops, last = drops + 1, n
    assert found[-1] == pytest.approx(factor**drops)


# ---- what a recipe may say -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("step", "neither every nor at"),
        ({"name": "step", "every": 2, "at": [3]}, "both every and at"),
        ({"name": "step", "at": []}, "at"),
        ("exponential", "neither decay nor half_life"),
        ({"name": "exponential", "decay": 0.9, "half_life": 3.0}, "both decay and half_life"),
        ({"name": "exponential", "decay": math.nan}, "decay"),
        ({"name": "cosine", "final": 1.0}, "final"),
        ({"name": "one_cycle", "peak_at": 1.0}, "peak_at"),
        ({"name": "plateau", "patience": 0}, "patience"),
        ({"name": "constant", "warmup": -1}, "warmup"),
        ({"name": "constant", "warmup": 10**30}, "warmup"),
    ],
    ids=str,
)
def test_what_makes_no_schedule_is_an_error_of_the_recipe(schedule: Any, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        dllab.build({"input": [1], "model": ["point"], "loss": "surface", "schedule": schedule})
