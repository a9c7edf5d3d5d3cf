"""What the metrics of likelihood share: the mean of -log p of what was the case."""

from __future__ import annotations

import numpy as np

from dllab.metrics.labels import scores_and_truth, usable


def surprise(log_p: np.ndarray, targets: np.ndarray) -> float:
    """The mean of -log p (nats) over all labels that count; NaN without any.

    log_p (N, K) or (N, T, K), targets (N,) or (N, T) with -1 where none counts.
    """
    scores, truth = scores_and_truth(log_p, targets)
    if not usable(scores):
        return float("nan")
    return float(-scores[np.arange(len(truth)), truth].mean())
