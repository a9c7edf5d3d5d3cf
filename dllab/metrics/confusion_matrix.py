"""Confusion matrix: which class is taken for which."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from dllab.metrics.labels import class_count, confusion, scores_and_truth, usable
from dllab.metrics.metric import Metric


class ConfusionMatrix(Metric):
    """Confusion matrix: the number of examples of each true class (row) that were taken for each class (column).

    The diagonal holds the right answers. What one figure hides is here: which two classes are mixed up, and whether the
    mistakes go one way. A table for looking at, not a figure for `expect` or `early_stop`.

        metrics: [accuracy, confusion_matrix]

    A table of NaN without examples or where an output is NaN.
    Source: Bishop, Pattern Recognition and Machine Learning (2006), section 1.5; the name is Townsend's (1971).
    """

    name = "confusion_matrix"
    label = "confusion matrix"
    table: ClassVar[bool] = True

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> list[list[float]]:
        """Outputs (N, K), labels (N,): K rows of K counts (2 by 2 for a single output)."""
        scores, truth = scores_and_truth(outputs, targets)
        if not usable(scores):
            classes = class_count(scores)
            return [[float("nan")] * classes for _ in range(classes)]
        return [[int(count) for count in row] for row in confusion(scores, truth)]
