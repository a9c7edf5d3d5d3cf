"""Derivatives by differences: what a gradient is compared with, and how a kink is told from a bug.

`f` is the loss as a function of how far one number is moved: f(0) is the loss as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Shifted = Callable[[float], float]

STEP = 1e-3
"""First look: with the five-point formula its own error is about STEP^4, that of rounding 1e-16 * loss / STEP."""

EPSILONS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
"""Second look, where the first one disagrees with the gradient."""

ROUNDING = 1e-15
"""What a loss of 1 may be wrong by: a few units in the last place."""

NEAR = 1e-4
"""A kink nearer than this spoils the differences that are still exact enough; one further away does not."""


@dataclass(frozen=True)
class SweepPoint:
    """Differences over one epsilon: to the left and to the right of where the number stands."""

    epsilon: float
    left: float
    right: float

    @property
    def central(self) -> float:
        """The mean of both sides: (f(e) - f(-e)) / 2e."""
        return (self.left + self.right) / 2

    @property
    def jump(self) -> float:
        """How far both sides are apart: e * f'' where f is smooth, constant at a kink."""
        return abs(self.right - self.left)


def five_point(f: Shifted, step: float = STEP) -> float:
    """f'(0) to fourth order in the step (Abramowitz and Stegun 25.3.6)."""
    near, far = f(step) - f(-step), f(2 * step) - f(-2 * step)
    return (8 * near - far) / (12 * step)


def sweep(f: Shifted) -> tuple[SweepPoint, ...]:
    """One-sided differences for every epsilon, largest first."""
    here = f(0.0)
    return tuple(SweepPoint(e, (here - f(-e)) / e, (f(e) - here) / e) for e in EPSILONS)


def settled(points: Sequence[SweepPoint]) -> float:
    """The central difference that changes least with the next smaller epsilon; it looks at no gradient."""
    changes = [(abs(a.central - b.central), a.central) for a, b in pairwise(points)]
    return min(changes, key=lambda pair: pair[0])[1]


def is_kink(points: Sequence[SweepPoint], loss: float, tolerance: float) -> bool:
    """Whether both sides stay apart as epsilon shrinks: there is a kink (or a jump) within NEAR.

    Where f is smooth the sides come ten times closer with every step; at a kink they do not. What rounding of the loss
    could explain does not count, nor does a difference below `tolerance`.
    """
    for larger, smaller in pairwise(points):
        noise = 20 * ROUNDING * max(1.0, abs(loss)) / smaller.epsilon
        if smaller.epsilon <= NEAR and smaller.jump > max(noise, tolerance) and smaller.jump > larger.jump / 2:
            return True
    return False
