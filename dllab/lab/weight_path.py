"""The way of a net's weights through its training: copies at evenly spaced steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine.network import Network
from dllab.engine.pace import Pace
from dllab.training.course import Course
from dllab.training.events import Event, Progress, Started
from dllab.training.trainer import Trainer

COPIES = 50
"""Steps between which a training is cut for copies, unless it has fewer."""
MOST_NUMBERS = 60_000_000
"""Of all copies together; of large nets there are fewer."""


@dataclass(frozen=True, eq=False)
class WeightPath:
    """Weights (K, P) after so many `steps` (K,), from 0 up, in the order of `vector`."""

    steps: NDArray[np.int64]
    weights: NDArray[Any]


def vector(network: Network) -> NDArray[Any]:
    """All parameters of a net in one row, (P,), in the recipe's order."""
    return np.concatenate([values.reshape(-1) for values in network.parameters.values()])


class PathRecorder:
    """Follows a training by its events, and copies the weights. What is trained stays the same to the last bit."""

    def __init__(self, trainer: Trainer, copies: int = COPIES) -> None:
        self._trainer, self._copies = trainer, copies
        self._marks: list[int] = []
        self._steps: list[int] = []
        self._weights: list[NDArray[Any]] = []

    def see(self, event: Event) -> None:
        """Take a copy if it is time for one."""
        if isinstance(event, Started):
            size = sum(values.size for values in event.network.parameters.values())
            copies = max(2, min(self._copies, event.steps, MOST_NUMBERS // max(size, 1)))
            self._marks = sorted({round(share * event.steps / copies) for share in range(1, copies + 1)})
            self._trainer.course.pace = _Halting(self._trainer.course, self._marks)
            self._take(event.network, 0)
        elif isinstance(event, Progress) and event.step in self._marks:
            self._take(self._trainer.network, event.step)

    def path(self) -> WeightPath:
        """What was seen."""
        return WeightPath(np.array(self._steps), np.stack(self._weights))

    def _take(self, network: Network, step: int) -> None:
        self._steps.append(step)
        self._weights.append(vector(network))


class _Halting(Pace):
    """No call goes beyond the next of these steps."""

    def __init__(self, course: Course, marks: list[int]) -> None:
        super().__init__()
        self._course, self._marks = course, marks

    def steps(self) -> int:
        """As many as time allows, up to the next mark."""
        ahead = [mark - self._course.step for mark in self._marks if mark > self._course.step]
        return min([super().steps(), *ahead[:1]])
