"""Sequence accuracy: the share of sequences that are right from the first step to the last."""

from __future__ import annotations

import numpy as np

from dllab.metrics.labels import predicted
from dllab.metrics.metric import Metric


class SequenceAccuracy(Metric):
    """Sequence accuracy: the share of examples of which every step that has a label is right, from 0 to 1.

    Stricter than accuracy, which counts steps: with 95 % of 20 independent steps right, only 36 % of the sequences are.
    Each step is judged after the true ones before it, as in training; `dllab predict` lets the net go on from its own.
    Examples without any label do not count.

        metrics: [accuracy, sequence_accuracy]

    NaN without examples or where an output is NaN.
    Source: Sutskever, Vinyals, Le, Sequence to sequence learning with neural networks (2014), for the task.
    """

    name = "sequence_accuracy"
    label = "seq. accuracy"
    group = "for sequences"

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Outputs (N, T, K), labels (N, T), -1 where none counts; or (N, K) and (N,)."""
        labels = np.asarray(targets).reshape(len(targets), -1)
        scores = np.asarray(outputs).reshape(labels.size, -1) if labels.size else np.asarray(outputs)
        counts = (labels >= 0).any(axis=1)
        if not counts.any() or np.isnan(scores).any():
            return float("nan")
        right = (predicted(scores).reshape(labels.shape) == labels) | (labels < 0)
        return float(right.all(axis=1)[counts].mean())
