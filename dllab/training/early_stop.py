"""The best weights of a run, and early stopping: end when the validation figure no longer improves, and go back to them.

Source: Prechelt, Early stopping - but when? (1998).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.catalogue import find
from dllab.engine.network import Network
from dllab.recipe import EarlyStop
from dllab.symbols import PARAMETERS, RUNNING
from dllab.training.events import EpochEnd
from dllab.training.state import BEST, Arrays, best_views, copied, put

FIGURE = "trainer/best"


class BestWeights:
    """Keeps a copy of the weights with which one figure was best.

    `figure`: the best one (negative where higher is better), `waited`: evaluations since.
    """

    def __init__(self, metric: str = "loss", min_delta: float = 0.0) -> None:
        self.metric, self.min_delta = metric, min_delta
        better = metric != "loss" and find("metrics", metric).higher_is_better  # type: ignore[attr-defined]
        self._sign = -1.0 if better else 1.0
        self.figure = np.inf
        self.waited = 0
        self.epoch: int | None = None
        self.step: int | None = None
        self._kept: dict[str, NDArray[Any]] = {}

    def seen(self, end: EpochEnd, network: Network) -> None:
        """Take note of an evaluation."""
        figures = end.figures.get("validation") or end.figures["train"]
        value = self._sign * float(figures[self.metric])
        if value < self.figure - self.min_delta:
            self.figure, self.waited, self.epoch, self.step = value, 0, end.epoch, end.step
            self._kept = {name: network.memory.arrays[name].copy() for name in (PARAMETERS, RUNNING)}
        else:
            self.waited += 1

    def restore(self, network: Network) -> None:
        """Put the best parameters and running statistics back."""
        for name, kept in self._kept.items():
            network.memory.arrays[name][...] = kept

    def arrays(self, network: Network) -> Arrays:
        """The best weights by name, and the figure."""
        return {**copied(best_views(network, self._kept) if self._kept else {}), FIGURE: np.array([self.figure])}

    def facts(self) -> dict[str, Any]:
        """What else is to be remembered."""
        told = {"metric": self.metric, "min_delta": self.min_delta}
        return {**told, "waited": self.waited, "epoch": self.epoch, "step": self.step}

    def go_on(self, network: Network, arrays: Arrays, facts: dict[str, Any]) -> None:
        """Remember what another one did; nothing, if that watched another figure. Raises training.state.Unfit.

        With another `min_delta` than before, the best stays the best, and patience begins anew.
        """
        if facts["metric"] != self.metric:
            return
        if facts["epoch"] is not None:
            kept = {name: network.memory.arrays[name].copy() for name in (PARAMETERS, RUNNING)}
            put(best_views(network, kept), {name: a for name, a in arrays.items() if name.startswith(BEST)})
            self._kept = kept
        self.figure = float(arrays[FIGURE][0])
        self.waited = facts["waited"] if facts["min_delta"] == self.min_delta else 0
        self.epoch, self.step = facts["epoch"], facts["step"]


def used_up(options: EarlyStop | None, best: BestWeights | None) -> bool:
    """Whether a run's patience is."""
    return options is not None and best is not None and best.waited >= options.patience
