"""What a metric is: a number (or a table) from outputs and targets."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from dllab.catalogue import Part


class Metric(Part):
    """Base of all metrics. `task`: which targets it is for. `higher_is_better`: the direction of progress."""

    group = "for classes"
    task: ClassVar[str] = "classification"
    higher_is_better: ClassVar[bool] = True
    label: ClassVar[str] = ""

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> Any:
        """A float, or nested lists for a table. `outputs` (N, K): probabilities or values; `targets` (N,) or (N, K)."""
        raise NotImplementedError
