"""How well a classifier of pictures does when they are shifted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dllab.lab.subject import Subject


def accuracy_shifted(subject: Subject, shifts: Sequence[int], *, rows: int = 800) -> list[float]:
    """Test accuracy in %, by how many pixels (S,) pictures (N, H, W, C) are shifted: the mean over the four directions.

    What leaves a picture at one side comes back at the other.
    """
    chosen = subject.rows("test", rows)
    x, y = subject.data.seen(chosen), subject.data.targets(chosen)

    def right(by: int, axis: int) -> float:
        return float((subject.network.forward(np.roll(x, by, axis=axis)).argmax(axis=1).ravel() == y.ravel()).mean())

    ways = [[(by, 1), (-by, 1), (by, 2), (-by, 2)] if by else [(0, 1)] for by in shifts]
    return [100 * float(np.mean([right(*way) for way in each])) for each in ways]
