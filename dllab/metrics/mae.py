"""MAE: the mean absolute error."""

from __future__ import annotations

import numpy as np

from dllab.metrics.metric import Metric
from dllab.metrics.residuals import pairs


class MAE(Metric):
    """Mean absolute error: the mean of |output - target| over all examples and outputs, in the unit of the targets.

    One big miss weighs as much as many small ones of the same sum, so a few outliers do not rule it as they rule rmse.

        metrics: [mae]

    NaN without examples or where an output is NaN.
    Source: Willmott and Matsuura, Advantages of the mean absolute error over the root mean square error (2005).
    """

    name = "mae"
    group = "for numbers"
    task = "regression"
    higher_is_better = False
    additive = True
    label = "MAE"

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Outputs (N, K), targets (N, K), or (N,) where K is 1."""
        values, truth = pairs(outputs, targets)
        if len(values) == 0:
            return float("nan")
        with np.errstate(invalid="ignore", over="ignore"):
            return float(np.mean(np.abs(values - truth)))
