"""Differences against derivatives known by hand, and kinks against smooth functions."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from dllab.lab.differences import EPSILONS, five_point, is_kink, settled, sweep

SMOOTH: dict[str, tuple[Callable[[float], float], float]] = {
    "sine": (lambda t: math.sin(0.7 + t), math.cos(0.7)),
    "steep": (lambda t: math.exp(30 * t), 30.0),
    "flat": (lambda t: 5.0, 0.0),
    "bent": (lambda t: t + 1000 * t * t, 1.0),
    "inflection": (lambda t: t**3, 0.0),
}
KINKED: dict[str, Callable[[float], float]] = {
    "relu": lambda t: max(t, 0.0),
    "minus relu": lambda t: -max(t, 0.0),
    "absolute value on a slope": lambda t: abs(t) + 3 * t,
    "kink just beside": lambda t: max(t - 1e-6, 0.0),
    "jump": lambda t: 1.0 if t >= 0 else 0.0,
    "small kink on a large loss": lambda t: 100.0 + 0.01 * max(t, 0.0),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions(name: str) -> None:
    f, expected = SMOOTH[name]
    points = sweep(f)
    assert five_point(f) == pytest.approx(expected, rel=2e-7, abs=1e-11)
    assert settled(points) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert not is_kink(points, f(0.0), 1e-6 * max(abs(expected), 1e-3))


@pytest.mark.parametrize("name", KINKED)
def test_kinks(name: str) -> None:
    f = KINKED[name]
    assert is_kink(sweep(f), f(0.0), 1e-8)


@pytest.mark.parametrize("distance", [1e-3, 3e-3, -5e-4])
def test_a_kink_further_away_spoils_nothing(distance: float) -> None:
    def f(t: float) -> float:
        return max(t - distance, 0.0)

    points = sweep(f)
    assert not is_kink(points, f(0.0), 1e-8)
    assert settled(points) == pytest.approx(1.0 if distance < 0 else 0.0, abs=1e-10)


def test_a_sweep_holds_both_sides() -> None:
    points = sweep(lambda t: max(t, 0.0))
    assert [point.epsilon for point in points] == list(EPSILONS)
    assert {(point.left, point.right, point.central, point.jump) for point in points} == {(0.0, 1.0, 0.5, 1.0)}


def test_rounding_is_no_kink() -> None:
    """1e-8 from a loss of 1000 the differences are off by 1e-5, whatever the function."""
    points = sweep(lambda t: 1000.0 + math.sin(1e-3 * t))
    assert not is_kink(points, 1000.0, 1e-9)
