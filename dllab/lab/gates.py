"""What the gates of an LSTM do on the way through a row, and what its cells hold there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab.subject import Subject


@dataclass(frozen=True, eq=False)
class Gates:
    """By step, (T,) each: the forget and the input gate, means over rows and units; and `explained`, the share of the

    cells' variance over the rows that their labels explain: 1 where a cell is the same for all rows of a label.
    """

    forget: NDArray[np.float64]
    write: NDArray[np.float64]
    explained: NDArray[np.float64]


def gates(net: Subject, path: str, split: str = "test") -> Gates:
    """Those of one LSTM layer over a split with one label a row. Raises KeyError where the layer is none."""
    net.compile("train:plain")
    rows = net.rows(split)
    inside, labels = net.backward(rows), net.data.targets(rows)
    c, z = (inside.inner(path, name).astype(np.float64) for name in "cz")
    units = c.shape[2]
    means = z.mean(axis=0).reshape(-1, 4, units).mean(axis=2)  # (T, gates i, f, g, o)
    return Gates(means[:, 1], means[:, 0], explained(c, labels))


def explained(values: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """Of values (N, T, H), by step, the share of their variance over N that labels (N,) explain, all H together."""
    total = ((values - values.mean(axis=0)) ** 2).sum(axis=(0, 2))
    within = np.zeros_like(total)
    for label in np.unique(labels):
        own = values[labels == label]
        within += ((own - own.mean(axis=0)) ** 2).sum(axis=(0, 2))
    return np.asarray(1 - within / total)
