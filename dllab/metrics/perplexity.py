"""Perplexity: among how many equally likely answers a net is left to choose."""

from __future__ import annotations

import numpy as np

from dllab.metrics.likelihood import surprise
from dllab.metrics.metric import Metric


class Perplexity(Metric):
    """Perplexity: e to the mean of -log p of the true class, from 1 to the number of classes and beyond.

    A net that knows nothing has as many as there are classes; one that is sure and right has 1. The usual figure of
    language models; label smoothing and class weights of the loss do not enter. Steps of a sequence count each; padding
    does not.

        metrics: [perplexity]

    NaN without examples or where an output is NaN.
    Source: Jelinek, Mercer, Bahl, Baker, Perplexity: a measure of the difficulty of speech recognition tasks (1977).
    """

    name = "perplexity"
    label = "perplexity"
    group = "for sequences"
    higher_is_better = False
    reads = "log_probabilities"
    additive = True

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Outputs (N, ..., K): log p; labels (N,) or (N, T)."""
        return float(np.exp(surprise(outputs, targets)))

    def combine(self, figures: np.ndarray, counts: np.ndarray) -> float:
        """Parts multiply: their logarithms are averaged."""
        return float(np.exp(super().combine(np.log(figures), counts)))
