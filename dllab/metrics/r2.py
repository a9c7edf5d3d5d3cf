"""R2: the share of the targets' variance that is explained."""

from __future__ import annotations

import numpy as np

from dllab.metrics.metric import Metric
from dllab.metrics.residuals import pairs


class R2(Metric):
    """Coefficient of determination: R2 = 1 - sum((target - output)^2) / sum((target - mean target)^2).

    1 is perfect, 0 is as good as always answering the mean, below 0 is worse than that; there is no lowest value. It has
    no unit, so it compares across data sets where rmse cannot. With several outputs it is the plain mean of theirs.

        metrics: [r2, rmse]

    NaN for fewer than two examples, where an output is NaN, or where a target never varies.
    Source: Draper and Smith, Applied Regression Analysis (1998), section 1.3.
    """

    name = "r2"
    group = "for numbers"
    task = "regression"
    label = "R2"

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Outputs (N, K), targets (N, K), or (N,) where K is 1."""
        values, truth = pairs(outputs, targets)
        if len(values) < 2 or bool(np.any(np.ptp(truth, axis=0) == 0)):
            return float("nan")
        with np.errstate(invalid="ignore", over="ignore"):
            missed = np.square(truth - values).sum(axis=0)
            spread = np.square(truth - truth.mean(axis=0)).sum(axis=0)
            return float(np.mean(1.0 - missed / spread))
