"""Early stopping: end when the validation figure no longer improves, and go back to the best parameters.

Source: Prechelt, Early stopping - but when? (1998).
"""

from __future__ import annotations

import numpy as np

from dllab.catalogue import find
from dllab.engine.network import Network
from dllab.recipe import EarlyStop
from dllab.training.events import EpochEnd


class EarlyStopper:
    """Watches one figure of the validation split."""

    def __init__(self, options: EarlyStop) -> None:
        self.options = options
        better = options.metric != "loss" and find("metrics", options.metric).higher_is_better  # type: ignore[attr-defined]
        self._sign = -1.0 if better else 1.0
        self._best = np.inf
        self._waited = 0
        self.best_epoch: int | None = None
        self._kept: dict[str, np.ndarray] = {}

    def seen(self, end: EpochEnd, network: Network) -> bool:
        """Take note of an evaluation; True when patience is used up."""
        value = self._sign * float(end.figures["validation"][self.options.metric])
        if value < self._best - self.options.min_delta:
            self._best, self._waited, self.best_epoch = value, 0, end.epoch
            self._kept = {name: network.memory.arrays[name].copy() for name in ("parameters", "running")}
            return False
        self._waited += 1
        return self._waited >= self.options.patience

    def restore(self, network: Network) -> None:
        """Put the best parameters and running statistics back, if the recipe wants them."""
        if self.options.restore_best:
            for name, kept in self._kept.items():
                network.memory.arrays[name][...] = kept
