"""The unit of a layer that goes most by one class, and what it looks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab.subject import Subject


@dataclass(frozen=True, eq=False)
class Keen:
    """Unit `number`, from 0. `share`: how much of all that it gives goes to the class asked for.

    `likes` (*inputs): the mean of the rows, weighed by what it gives for them.
    """

    number: int
    share: float
    likes: NDArray[np.float64]


def keenest(subject: Subject, layer: str, label: int, split: str = "test") -> Keen:
    """The unit of a flat layer whose mean for the rows of a class is furthest above that for all."""
    rows = subject.rows(split)
    labels = subject.data.dataset.columns["targets"][rows]
    given = subject.inference(rows).output(layer).reshape(len(rows), -1).astype(np.float64)
    means = np.array([given[labels == one].mean(axis=0) for one in range(len(subject.data.dataset.classes))])
    number = int((means[label] - means.mean(axis=0)).argmax())
    weights: NDArray[Any] = given[:, number] / max(float(np.abs(given[:, number]).sum()), 1e-300)
    share = means[label, number] / max(float(np.abs(means[:, number]).sum()), 1e-300)
    return Keen(number, float(share), np.tensordot(weights, subject.data.seen(rows).astype(np.float64), 1))
