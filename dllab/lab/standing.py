"""Where a net stands beside classic models that learn from the same rows: score, size, the work of training, seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab.baselines import Kind, fit
from dllab.lab.subject import Subject

BACK = 2
"""A way back costs about so many ways forward: gradients of the inputs and of the weights of every product."""


@dataclass(frozen=True)
class Standing:
    """On the test rows, the accuracy or the share of the variance explained; `numbers` that are kept; `work` of training.

    `work` counts multiplications with addition, or comparisons.
    """

    score: float
    numbers: int
    work: int
    seconds: float


def standing(net: Subject, kind: Kind | None = None, depth: int | None = None) -> Standing:
    """Of a net that was trained; or of a classic model that learns from its training rows. `depth`: of a tree.

    Raises ImportError and ValueError as baselines.fit does.
    """
    x, y = rows_of(net, "test")
    classes = net.data.dataset.task == "classification"
    if kind is not None:
        found = fit(kind, *rows_of(net, "train"), classes=classes, depth=depth)
        return Standing(found.score(x, y), found.numbers, found.work, found.seconds)
    assert net.ended is not None, "the net was trained"
    said, plan = net.network.forward(x), net.network.plan
    score = (said.argmax(-1) == y).mean() if classes else 1 - np.square(y - said).sum() / np.square(y - y.mean()).sum()
    work = (1 + BACK) * sum(info.multiply_adds for info in plan.infos) * len(net.rows("train")) * net.ended.epochs
    numbers = sum(values.size for values in net.network.parameters.values())
    return Standing(float(score), numbers, work, net.ended.seconds)


def rows_of(net: Subject, split: str) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Inputs and targets of a split, as the net sees them."""
    return net.data.seen(net.rows(split)), net.data.targets(net.rows(split))
