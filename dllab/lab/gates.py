"""What the gates of an LSTM or a GRU do on the way through a row, and what its cells hold there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab.subject import Subject


@dataclass(frozen=True, eq=False)
class Gates:
    """By step, (T,) each: the gate that keeps and the one that writes, means over rows and units; and `explained`, the

    share of the cells' variance over the rows that their labels explain: 1 where a cell is the same for all of a label.
    Of an lstm these are f and i, and its cells; of a gru z and 1 - z, and its states. `kept`: what the gate that keeps
    leaves of a cell over all steps between the first and the last, its product, mean over rows and units.
    """

    forget: NDArray[np.float64]
    write: NDArray[np.float64]
    explained: NDArray[np.float64]
    kept: float


def gates(net: Subject, path: str, split: str = "test") -> Gates:
    """Those of one lstm or gru over a split with one label a row. Raises KeyError where the layer has no gates."""
    net.compile("train:plain")
    rows = net.rows(split)
    inside, labels = net.backward(rows), net.data.targets(rows)
    lstm = inside.layer(path).kind == "lstm"
    cells, z = inside.inner(path, "c" if lstm else "y"), inside.inner(path, "z").astype(np.float64)
    units = cells.shape[2]
    means = z.mean(axis=0).reshape(len(z[0]), -1, units).mean(axis=2)  # (T, gates): i, f, g, o, or r, z, n
    write = means[:, 0] if lstm else 1 - means[:, 1]
    kept = float(z[:, 1:-1, units : 2 * units].prod(axis=1).mean())
    return Gates(means[:, 1], write, explained(cells.astype(np.float64), labels), kept)


def explained(values: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """Of values (N, T, H), by step, the share of their variance over N that labels (N,) explain, all H together.

    0 where they do not vary, as behind a first symbol that all rows share.
    """
    total = ((values - values.mean(axis=0)) ** 2).sum(axis=(0, 2))
    within = np.zeros_like(total)
    for label in np.unique(labels):
        own = values[labels == label]
        within += ((own - own.mean(axis=0)) ** 2).sum(axis=(0, 2))
    share = np.divide(total - within, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(share)
