"""F1: precision and recall in one number."""

from __future__ import annotations

import numpy as np

from dllab.metrics.labels import confusion, scores_and_truth, usable
from dllab.metrics.metric import Metric


class F1(Metric):
    """F1: 2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall, from 0 to 1.

    True positives TP, false positives FP, false negatives FN of a class; true negatives do not count, so a rare class is
    not drowned. With one or two outputs the class is class 1; with more it is the plain mean over the classes (macro),
    leaving out those that occur neither among the targets nor among the predictions. A class that occurs but is never
    hit has 0.

        metrics: [accuracy, f1]

    NaN without examples, where an output is NaN, or where no class is left.
    Source: van Rijsbergen, Information Retrieval (1979), chapter 7; Opitz and Burst, Macro F1 and macro F1 (2019), for the
    mean of the classes' F1.
    """

    name = "f1"
    label = "F1"

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Outputs (N, K), labels (N,)."""
        scores, truth = scores_and_truth(outputs, targets)
        if not usable(scores):
            return float("nan")
        table = confusion(scores, truth)
        hits = np.diagonal(table)
        found = table.sum(axis=0) + table.sum(axis=1)  # 2 TP + FP + FN of each class
        if len(table) == 2:
            hits, found = hits[1:], found[1:]
        occurs = found > 0
        return float(np.mean(2.0 * hits[occurs] / found[occurs])) if occurs.any() else float("nan")
