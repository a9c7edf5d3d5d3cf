"""Bits per character: how much of a text a net does not foresee."""

from __future__ import annotations

import numpy as np

from dllab.metrics.likelihood import surprise
from dllab.metrics.metric import Metric


class BitsPerCharacter(Metric):
    """Bits per character: the mean of -log2 p of the next one, or of whatever token the labels are.

    As many bits as a code made from the net's predictions needs for each character. English text with 27 letters has 4.75
    bits if nothing is known, about 4 by frequencies alone, and between 1 and 1.5 for readers (Shannon 1951). log2 of the
    perplexity; a loss of cross_entropy in nats is 0.693 times as large.

        metrics: [bits_per_character]

    NaN without examples or where an output is NaN.
    Source: Shannon, Prediction and entropy of printed English (1951).
    """

    name = "bits_per_character"
    label = "bits/char"
    group = "for sequences"
    higher_is_better = False
    reads = "log_probabilities"
    additive = True

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Outputs (N, ..., K): log p; labels (N,) or (N, T)."""
        return surprise(outputs, targets) / float(np.log(2))
