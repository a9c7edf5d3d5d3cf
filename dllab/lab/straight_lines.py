"""What straight lines can do: the best one for points of two classes, and the one that a stack of linear layers draws."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dllab.engine.network import Network

ANGLES = 360
LEVEL = 1e-12
"""No line runs between points that lie so close, seen along it."""


def best_line(x: ArrayLike, labels: ArrayLike, angles: int = ANGLES) -> float:
    """The share of points (N, 2) of classes 0 and 1 (N,) that the best line has on the right side, at so many angles."""
    points, ones = np.asarray(x, np.float64), np.asarray(labels).astype(np.int64)
    turns = np.pi * np.arange(angles) / angles
    along = points @ np.stack([np.cos(turns), np.sin(turns)])  # (N, angles)
    order = np.argsort(along, axis=0, kind="stable")
    away = np.take_along_axis(along, order, axis=0)
    # Below a cut all are called 0, above it 1: with each point that comes to lie below, one more or one less is right.
    right = ones.sum() + np.cumsum(1 - 2 * ones[order], axis=0)
    right = right[:-1][np.diff(away, axis=0) > LEVEL]
    right = np.append(right, ones.sum())  # and the line that has all points on one side
    return float(max(right.max(), len(ones) - right.min()) / len(ones))


def multiplied_out(network: Network) -> tuple[NDArray[Any], NDArray[Any]]:
    """W and b of x W + b, which is what dense layers with nothing between them are: their product, and the biases' way."""
    matrices = [values for values in network.parameters.values() if values.ndim == 2]
    vectors = [values for values in network.parameters.values() if values.ndim == 1]
    through = zip(matrices, vectors, strict=True)
    b = reduce(lambda b, layer: b @ layer[0] + layer[1], through, np.zeros(len(matrices[0]), matrices[0].dtype))
    return reduce(np.matmul, matrices), b
