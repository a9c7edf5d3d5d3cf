"""The order of rows for states that are carried on: every row of a batch goes on where that row of the last batch ended."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dllab.data.splits import Rows, Splits

GoesOn = NDArray[np.float32]


def lanes(rows: Rows, count: int, batch: int) -> tuple[Rows, GoesOn]:
    """The rows of a split in the order of steps, and for every row of the data set, (count,), 1 where its state goes on.

    rows (N,): rows that flow on from one to the next, ascending. They are cut into `batch` lanes of equal length, read
    side by side; what does not fill the lanes, less than a batch, is left out. A row goes on where the row before it in
    its lane is the one before it in the data.
    """
    steps = len(rows) // batch
    by_lane = rows[: steps * batch].reshape(batch, steps)
    goes_on = np.zeros(count, np.float32)
    inner = by_lane[:, 1:]
    goes_on[inner] = inner == by_lane[:, :-1] + 1
    return np.ascontiguousarray(by_lane.T).reshape(-1), goes_on


def splits_in_lanes(splits: Splits, count: int, batch: int) -> tuple[Splits, GoesOn]:
    """Every split in its lanes, for evaluation; what does not fill them follows at the end, and begins anew."""
    found, goes_on = [], np.zeros(count, np.float32)
    for rows in (splits.train, splits.validation, splits.test):
        order, of_split = lanes(rows, count, batch)
        found.append(np.concatenate([order, rows[len(order) :]]))
        goes_on += of_split
    return Splits(*found), goes_on
