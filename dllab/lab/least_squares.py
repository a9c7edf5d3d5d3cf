"""The least mean square error that any straight line has on the training rows: what a linear net can reach at best."""

from __future__ import annotations

import numpy as np

from dllab.engine.prepare import data_of
from dllab.recipe import Recipe


def least_squares(recipe: Recipe) -> float:
    """Of a line with an offset, on inputs and targets as the net sees them; found by linear algebra, not by descent."""
    data = data_of(recipe)
    rows = data.splits.train
    x = data.seen(rows).reshape(len(rows), -1).astype(np.float64)
    x, y = np.column_stack([x, np.ones(len(rows))]), data.targets(rows).reshape(len(rows), -1).astype(np.float64)
    w = np.linalg.lstsq(x, y, rcond=None)[0]
    return float(((x @ w - y) ** 2).mean())
