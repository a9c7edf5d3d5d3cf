"""What dropout does to a trained net: the holes of a training step, and the net beside the mean of its sub-networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab.subject import Subject

KIND = "dropout"


@dataclass(frozen=True, eq=False)
class Holes:
    """The last dropout of a net in a training step: `before` it (N, F), its `mask`, `after` it.

    `used`: the share of units that go on unchanged when the net answers.
    """

    before: NDArray[Any]
    mask: NDArray[Any]
    after: NDArray[Any]
    used: float

    @property
    def rate(self) -> float:
        """The rate that the mask makes up for."""
        return round(1 - 1 / float(self.mask.max()), 6)


def holes(net: Subject, count: int = 64) -> Holes:
    """The last dropout of a net with the first `count` training rows. Raises StopIteration where there is none."""
    path = next(info.path for info in reversed(net.network.plan.infos) if info.kind == KIND)
    rows = net.rows("train", count)
    inside = net.backward(rows)
    x, y = inside.input(path), inside.output(path)
    mask = inside.inner(path, "mask") if "mask" in inside.inner_names(path) else np.ones_like(y)
    answer = net.inference(rows)
    return Holes(x, mask, y, float((answer.output(path) == answer.input(path)).mean()))


def from_mean(net: Subject, drawn: int, count: int = 10) -> float:
    """How far a net's outputs are from the mean of `drawn` sub-networks', in standard errors of that mean.

    The root mean square over `count` test rows and all outputs: about 1 where nothing but sampling keeps them apart.
    """
    x = net.data.seen(net.rows("test", count))
    whole = net.network.forward(x)
    each = net.network.forward(np.repeat(x, drawn, axis=0), training=True).reshape(len(x), drawn, -1).astype(np.float64)
    error = np.maximum(each.std(axis=1) / np.sqrt(drawn), 1e-6)
    return float(np.sqrt((((each.mean(axis=1) - whole) / error) ** 2).mean()))
