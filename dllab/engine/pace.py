"""How many steps fit into one call of compiled code, so that Ctrl-C and the display are served in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.plan.plan import HISTORY_STEPS

T = TypeVar("T")

TARGET = 0.04  # seconds of compiled code between two looks at the keyboard
GROWTH = 8


class Pace:
    """Measures how long steps take. It decides only how often compiled code comes up for air, never what it computes.

    `most`: steps between that, however short they are.
    """

    def __init__(self, most: int | None = None) -> None:
        self._steps, self._most = 1, most
        self._per_step = 0.0

    def steps(self) -> int:
        """How many steps to ask for next."""
        return self._steps if self._most is None else min(self._steps, self._most)

    def timed(self, work: Callable[[], T], steps: int) -> T:
        """Do some steps and learn from the time they took."""
        start = time.perf_counter()
        result = work()
        self._per_step = max((time.perf_counter() - start) / max(steps, 1), 1e-9)
        self._steps = max(1, min(self._steps * GROWTH, int(TARGET / self._per_step)))
        return result


def run_paced(bound: Bound, first: int, last: int, pace: Pace) -> Iterator[tuple[int, int]]:
    """Run the steps [first, last) of a program that no check can stop; yields each range of steps that is done."""
    while first < last:
        end = min(last, first + min(pace.steps(), HISTORY_STEPS))
        pace.timed(lambda: executor.run(bound, first, end), end - first)  # noqa: B023
        yield first, end
        first = end
