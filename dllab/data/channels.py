"""Sequences of numbers (N, T, F) are scaled by channel: F shifts and scales, the same at every step."""

from __future__ import annotations

import numpy as np

from dllab.data.dataset import Dataset, Rows, Scaling, Source, spread


class Channels(Source):
    """Base of sources of sequences (N, T, F) float32.

    Options:

    - standardise: shift and scale each channel to mean 0 and standard deviation 1, the same at every step, measured on
      the training rows.
    """

    def spread_of_inputs(self, dataset: Dataset, rows: Rows, unit: float) -> tuple[Scaling, Scaling]:
        """The same F numbers at each of the T steps; steps behind the end of a sequence are not measured."""
        inputs = dataset.columns["inputs"][rows]
        steps = inputs.shape[1]
        there = np.ones(inputs.shape[:2], bool)
        if "lengths" in dataset.columns:
            there = np.arange(steps) < dataset.columns["lengths"][rows][:, None]
        shift, scale = spread(inputs[there], unit)  # (F,)
        return np.tile(shift, steps), np.tile(scale, steps)
