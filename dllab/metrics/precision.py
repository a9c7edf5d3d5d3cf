"""Precision: how often an answer "this class" is right."""

from __future__ import annotations

import numpy as np

from dllab.metrics.labels import confusion, scores_and_truth, share, usable
from dllab.metrics.metric import Metric


class Precision(Metric):
    """Precision: TP / (TP + FP), the share of right answers among the answers "this class", from 0 to 1.

    True positives TP and false positives FP of a class. High precision means few false alarms; naming a class only where
    it is certain brings it up and recall down: f1 weighs the two. With one or two outputs the class is class 1; with more
    it is the plain mean over the classes (macro), leaving out those that occur neither among the targets nor among the
    predictions. A class that occurs but is never predicted has 0.

        metrics: [precision, recall, f1]

    NaN without examples, where an output is NaN, or where no class is left.
    Source: van Rijsbergen, Information Retrieval (1979), chapter 7.
    """

    name = "precision"
    label = "precision"

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Outputs (N, K), labels (N,)."""
        scores, truth = scores_and_truth(outputs, targets)
        if not usable(scores):
            return float("nan")
        table = confusion(scores, truth)
        return share(table, table.sum(axis=0))
