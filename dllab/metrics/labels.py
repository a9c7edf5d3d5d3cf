"""Classes from outputs and targets, as the classification metrics read them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 0.5
"""A single output column means class 1 above this, class 0 up to it."""

Labels = NDArray[np.int64]


def scores_and_truth(outputs: np.ndarray, targets: np.ndarray) -> tuple[NDArray[np.float64], Labels]:
    """Scores (M, K) and true classes (M,) from outputs (N, L) and targets.

    Targets of whole numbers are labels: (N,), or (N, T) with one for each position of a sequence, whose T times K scores
    stand in a row of the outputs; then M is N T, less those of -1, which do not count. Targets of real numbers with
    a column for each class have their class
    where the largest is; a single column of them holds labels.
    """
    outputs, targets = np.asarray(outputs, np.float64), np.asarray(targets)
    if targets.ndim > 1 and targets.shape[1] > 1 and targets.dtype.kind == "f":
        return outputs, np.argmax(targets, axis=1)
    if targets.size:
        outputs = outputs.reshape(targets.size, -1)
    truth = targets.reshape(-1).astype(np.int64)
    if targets.ndim > 1 and (truth < 0).any():
        return outputs[truth >= 0], truth[truth >= 0]
    return outputs, truth


def predicted(scores: NDArray[np.float64]) -> Labels:
    """The class with the largest score, the first of equal ones; of a single column, whether it is above THRESHOLD."""
    if scores.shape[1] == 1:
        return (scores[:, 0] > THRESHOLD).astype(np.int64)
    largest: Labels = np.argmax(scores, axis=1)
    return largest


def usable(scores: NDArray[np.float64]) -> bool:
    """Whether there is at least one row and no NaN."""
    return len(scores) > 0 and not bool(np.isnan(scores).any())


def class_count(scores: NDArray[np.float64]) -> int:
    """The number of classes that the outputs tell apart."""
    return max(int(scores.shape[1]), 2)


def confusion(scores: NDArray[np.float64], truth: Labels) -> NDArray[np.int64]:
    """How often class i (row) was taken for class j (column)."""
    classes = max(class_count(scores), int(truth.max(initial=0)) + 1)
    pairs = truth * classes + predicted(scores)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def share(table: NDArray[np.int64], of: NDArray[np.int64]) -> float:
    """The hits of a class divided by `of` (K,): of class 1 where there are two classes, else the mean over the classes.

    Classes that neither occur nor are predicted are left out; one that does, but has nothing in `of`, counts as 0.
    """
    hits, occurs = np.diagonal(table), table.sum(axis=0) + table.sum(axis=1) > 0
    if len(table) == 2:
        hits, of, occurs = hits[1:], of[1:], occurs[1:]
    return float(np.mean(hits[occurs] / np.maximum(of[occurs], 1))) if occurs.any() else float("nan")
