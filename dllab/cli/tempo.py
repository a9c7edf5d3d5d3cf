"""Slows a run at a terminal down so that it can be watched; what is computed stays the same to the last bit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from dllab.training.events import Event, Progress, Started

USUAL = 3.0
"""Seconds that a run with a boundary to watch lasts at least."""

LEAST_POINTS = 100
"""Fewer points in the plane than these (truth tables) have a boundary that is soon seen."""

NOTABLE, NOTABLE_SHARE = 0.1, 0.2
"""A run held back by fewer seconds, or for less of its time, does not count as slowed."""

SLICE = 0.02  # seconds between two looks at the keyboard


class Tempo:
    """Lets a run go on no faster than so many `seconds` for all of it.

    After the share s of the steps the share sqrt(s) of the time has passed: a net changes most at the start.
    `pause` sleeps, `check` is called between naps and may raise.
    """

    def __init__(self, seconds: float, check: Callable[[], None], pause: Callable[[float], None] = time.sleep) -> None:
        self.seconds = seconds
        self._check, self._pause = check, pause
        self._began, self._held = time.monotonic(), 0.0

    @property
    def slowed(self) -> bool:
        """Whether the run took notably longer for it."""
        return self._held > max(NOTABLE, NOTABLE_SHARE * (time.monotonic() - self._began))

    @property
    def left(self) -> float:
        """Seconds until the run may end."""
        return max(0.0, self._began + self.seconds - time.monotonic())

    def follow(self, event: Event) -> None:
        """Hold the run back until this event is due."""
        if isinstance(event, Started):
            self._began = time.monotonic()
        elif isinstance(event, Progress):
            due = self._began + self.seconds * math.sqrt(event.step / event.steps)
            while (early := due - time.monotonic()) > 0:
                self._pause(min(early, SLICE))
                self._held += min(early, SLICE)
                self._check()
