"""What a metric is: a number (or a table) from outputs and targets."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from dllab.catalogue import Part


class Metric(Part):
    """Base of all metrics. `task`: which targets it is for. `higher_is_better`: the direction of progress.

    `reads`: what `measure` is given: the outputs, or the logarithms of probabilities that come from them. `additive`: the
    figures of parts of the examples `combine` to the figure of all; a split too large to be looked at whole is then
    measured in parts.
    """

    group = "for classes"
    task: ClassVar[str] = "classification"
    higher_is_better: ClassVar[bool] = True
    label: ClassVar[str] = ""
    reads: ClassVar[Literal["outputs", "log_probabilities"]] = "outputs"
    additive: ClassVar[bool] = False

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> Any:
        """A float, or nested lists for a table. `outputs` (N, K): probabilities or values; `targets` (N,) or (N, K)."""
        raise NotImplementedError

    def combine(self, figures: np.ndarray, counts: np.ndarray) -> float:
        """The figure of all from those of parts; `counts`: how many answers each part has."""
        return float((figures * counts).sum() / counts.sum())
