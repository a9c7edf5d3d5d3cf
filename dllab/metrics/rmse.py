"""RMSE: the root of the mean squared error."""

from __future__ import annotations

import math

import numpy as np

from dllab.metrics.metric import Metric
from dllab.metrics.residuals import pairs


class RMSE(Metric):
    """Root mean squared error: sqrt(mean((output - target)^2)) over all examples and outputs, in the unit of the targets.

    The square makes big misses count most; it is never below mae. The root of the mse loss, back in a unit one can read.

        metrics: [rmse, mae]

    NaN without examples or where an output is NaN.
    Source: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning (2009), section 2.4.
    """

    name = "rmse"
    group = "for numbers"
    task = "regression"
    higher_is_better = False
    label = "RMSE"

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Outputs (N, K), targets (N, K), or (N,) where K is 1."""
        values, truth = pairs(outputs, targets)
        if len(values) == 0:
            return float("nan")
        with np.errstate(invalid="ignore", over="ignore"):
            return math.sqrt(np.mean(np.square(values - truth)))
