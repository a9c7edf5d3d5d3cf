"""What a net says of rows at its scores, the numbers before a final softmax, and what its loss says to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dllab.lab.subject import Subject


@dataclass(frozen=True, eq=False)
class AtScores:
    """Of N rows, each (N, K): scores `z`, `p` = softmax(z), `y` 1 for the true class, else 0, and `slopes` = dL/dz.

    L is the mean over the rows: slopes of one row's own loss are N times these.
    """

    z: NDArray[np.float64]
    p: NDArray[np.float64]
    y: NDArray[np.float64]
    slopes: NDArray[np.float64]

    @property
    def losses(self) -> NDArray[np.float64]:
        """-log p of each row's true class, (N,)."""
        return np.asarray(-np.log((self.p * self.y).sum(axis=1)))

    def smoothed(self, share: float) -> NDArray[np.float64]:
        """`y` as label smoothing has it: such a share of every row is spread evenly over the classes."""
        return np.asarray((1 - share) * self.y + share / self.y.shape[1])


def at_scores(subject: Subject, rows: NDArray[np.int64]) -> AtScores:
    """Forward and backward over rows, as one batch, of a net that gives a score for each class.

    The scores are what the last layer gives, or what goes into it where that is a softmax.
    """
    inside = subject.backward(rows)
    last = inside.infos[-1]
    path = inside.infos[-2].path if last.kind == "softmax" else last.path  # one that the loss absorbs is not among them
    z = inside.output(path).astype(np.float64)
    slopes = inside.output_gradient(path)
    assert slopes is not None
    power = np.exp(z - z.max(axis=1, keepdims=True))
    y = np.eye(z.shape[1])[subject.data.targets(rows)]
    return AtScores(z, power / power.sum(axis=1, keepdims=True), y, slopes.astype(np.float64))


def surest_mistakes(subject: Subject, rows: NDArray[np.int64], share: float = 0.2) -> float:
    """Of the rows that a net gets wrong, sorted by its highest p: the loss of the last share divided by the first's."""
    there = at_scores(subject, rows)
    wrong = there.p.argmax(axis=1) != there.y.argmax(axis=1)
    mistakes = rows[wrong][np.argsort(there.p.max(axis=1)[wrong])]
    some = max(round(share * len(mistakes)), 1)
    sure, unsure = (subject.backward(part).loss for part in (mistakes[-some:], mistakes[:some]))
    assert sure is not None and unsure is not None
    return sure / unsure
