"""The order of rows for states that are carried on: every row of a batch goes on where that row of the last batch ended."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def lanes(train: NDArray[np.int64], rows: int, batch: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The training rows in the order of steps, and for every row of the data set, (rows,), 1 where its state goes on.

    train (N,): rows that flow on from one to the next, ascending. They are cut into `batch` lanes of equal length, read
    side by side; what does not fill the lanes, less than a batch, is left out. A row goes on where the row before it in
    its lane is the one before it in the data.
    """
    steps = len(train) // batch
    by_lane = train[: steps * batch].reshape(batch, steps)
    continues = np.zeros(rows, np.float32)
    inner = by_lane[:, 1:]
    continues[inner] = inner == by_lane[:, :-1] + 1
    return np.ascontiguousarray(by_lane.T).reshape(-1), continues
