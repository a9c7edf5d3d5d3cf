"""Recall: how much of a class is found."""

from __future__ import annotations

import numpy as np

from dllab.metrics.labels import confusion, scores_and_truth, share, usable
from dllab.metrics.metric import Metric


class Recall(Metric):
    """Recall (sensitivity): TP / (TP + FN), the share of a class's examples that are found, from 0 to 1.

    True positives TP and false negatives FN of a class. High recall means few misses; naming a class wherever it is
    possible brings it up and precision down: f1 weighs the two. With one or two outputs the class is class 1; with more it
    is the plain mean over the classes (macro), leaving out those that occur neither among the targets nor among the
    predictions. A class that is predicted but does not occur has 0.

        metrics: [precision, recall, f1]

    NaN without examples, where an output is NaN, or where no class is left.
    Source: van Rijsbergen, Information Retrieval (1979), chapter 7.
    """

    name = "recall"
    label = "recall"

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Outputs (N, K), labels (N,)."""
        scores, truth = scores_and_truth(outputs, targets)
        if not usable(scores):
            return float("nan")
        table = confusion(scores, truth)
        return share(table, table.sum(axis=1))
