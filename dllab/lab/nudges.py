"""Each weight of a net moved a little, by itself: does the loss change, does the number of right answers?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dllab.lab.subject import Subject


@dataclass(frozen=True)
class Nudges:
    """How many of the `weights` change the loss of the training rows, and how many the number of right answers."""

    weights: int
    loss: int
    accuracy: int


def nudges(subject: Subject, step: float) -> Nudges:
    """Move every weight of a net for classes by a step and back. With small steps use a net in float64."""
    net, rows = subject.network, subject.rows("train")
    x, y = subject.data.seen(rows), subject.data.targets(rows)

    def told() -> tuple[float, int]:
        return net.loss_and_gradients(x, y)[0], int(np.sum(net.forward(x).argmax(axis=1) == y))

    loss, right = told()
    moved = losses = rights = 0
    for values in net.parameters.values():
        flat = values.reshape(-1)
        for place, kept in enumerate(flat.copy()):
            flat[place] = kept + step
            now, answers = told()
            flat[place] = kept
            moved, losses, rights = moved + 1, losses + (now != loss), rights + (answers != right)
    return Nudges(moved, int(losses), int(rights))
