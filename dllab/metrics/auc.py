"""AUC: how well the outputs rank the examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dllab.metrics.labels import class_count, scores_and_truth, usable
from dllab.metrics.metric import Metric


class AUC(Metric):
    """AUC: the chance that a random example of the class gets a higher score than a random one outside it.

    The area under the ROC curve. Ties count half: (wins + ties / 2) / pairs, found from the sum of the ranks. 1/2 is
    guessing, 1 a perfect order; no threshold enters, so it tells good scores from a badly placed 0.5. With one output the
    score is that output, with two it is the second, both for class 1; with more it is the plain mean over the classes,
    each against the rest, leaving out classes that no example or every example belongs to.

        metrics: [accuracy, auc]

    NaN without examples, where an output is NaN, or where no class is left (all examples of one class).
    Source: Hanley and McNeil, The meaning and use of the area under a receiver operating characteristic curve (1982).
    """

    name = "auc"
    label = "AUC"

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Outputs (N, K), labels (N,)."""
        scores, truth = scores_and_truth(outputs, targets)
        if not usable(scores):
            return float("nan")
        classes = class_count(scores)
        if classes == 2:
            return rank_statistic(scores[:, -1], truth == 1)
        areas = np.array([rank_statistic(scores[:, c], truth == c) for c in range(classes)])
        known = areas[~np.isnan(areas)]
        return float(np.mean(known)) if len(known) else float("nan")


def rank_statistic(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """The share of (positive, negative) pairs in which the positive scores higher; NaN if there is no pair."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, level, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    ranks = (last - (sizes - 1) / 2.0)[level]  # from 1; equal scores share the mean of their ranks
    wins = float(ranks[positive].sum()) - positives * (positives + 1) / 2.0
    return wins / (positives * negatives)
