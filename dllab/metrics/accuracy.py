"""Accuracy: the share of right answers."""

from __future__ import annotations

import numpy as np

from dllab.metrics.labels import predicted, scores_and_truth, usable
from dllab.metrics.metric import Metric


class Accuracy(Metric):
    """Accuracy: the share of examples whose predicted class is the true one, from 0 to 1.

    The predicted class is the largest output, or with a single output whether it is above 0.5. Plain and easy to read,
    but on 99 examples of one class and 1 of another the answer "always the first" scores 0.99: see f1 and auc. Sequences
    with a label at every position count each position.

        metrics: [accuracy]

    NaN without examples or where an output is NaN.
    Source: Bishop, Pattern Recognition and Machine Learning (2006), section 1.5.
    """

    name = "accuracy"
    label = "accuracy"
    additive = True

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Outputs (N, K), labels (N,)."""
        scores, truth = scores_and_truth(outputs, targets)
        return float(np.mean(predicted(scores) == truth)) if usable(scores) else float("nan")
