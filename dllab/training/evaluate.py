"""Figures of a split: the loss and the recipe's metrics, as at inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dllab.data.splits import Splits
from dllab.engine.binding import Bound
from dllab.engine.network import CHUNK, Network
from dllab.engine.pace import Pace, run_paced
from dllab.metrics.metric import Metric
from dllab.plan.plan import HISTORY_STEPS


class Evaluator:
    """Evaluates splits of one data set; bound once, so that a look at a small split costs microseconds."""

    def __init__(self, network: Network, columns: dict[str, np.ndarray], splits: Splits, targets: np.ndarray,
                 metrics: tuple[Metric, ...],
                 natural: Callable[[np.ndarray], np.ndarray] = lambda outputs: outputs) -> None:  # fmt: skip
        self.network, self.metrics = network, metrics
        self.splits = {name: rows for name in ("train", "validation", "test") if len(rows := getattr(splits, name))}
        self._columns, self._all_targets, self._natural = columns, targets, natural
        self._bound: dict[str, Bound] = {}
        self._pace = Pace()

    def evaluate(self, split: str) -> dict[str, Any]:
        """`loss` as the net is trained by it, and every metric of a split in the unit of the targets."""
        bound = self._bind(split)
        rows = self.splits[split]
        batches = -(-len(rows) // bound.capacity)
        losses = np.empty(batches)
        ring = self.network.memory.arrays["history"].view(np.float64)[:HISTORY_STEPS]
        kept = ring.copy()  # the training losses of the last steps live in the same ring
        for first, last in run_paced(bound, 0, batches, self._pace):
            losses[first:last] = ring[np.arange(first, last) % HISTORY_STEPS]
        ring[:] = kept
        counts = np.full(batches, bound.capacity)
        counts[-1] = len(rows) - bound.capacity * (batches - 1)
        outputs = bound.arrays["outputs"].reshape(len(rows), *self.network.output_shape)
        plan = self.network.plan
        if plan.question.loss is not None and not plan.absorbed:
            outputs = plan.question.loss.answers(outputs)
        outputs, targets = self._natural(outputs), self._all_targets[rows]
        figures: dict[str, Any] = {"loss": float((losses * counts).sum() / len(rows))}
        figures.update((metric.name, metric.measure(outputs, targets)) for metric in self.metrics)
        return figures

    def outputs(self, split: str) -> np.ndarray:
        """What the net says of a split's rows, after `evaluate`."""
        return self._bound[split].arrays["outputs"]

    def _bind(self, split: str) -> Bound:
        if split not in self._bound:
            rows = self.splits[split]
            width = int(np.prod(self.network.output_shape, dtype=np.int64))
            outputs = np.empty((len(rows), width), self.network.dtype)
            capacity = min(CHUNK, len(rows))
            bound = Bound(self.network.memory, "evaluate", capacity, self._columns, rows, outputs=outputs)
            self._bound[split] = bound
        return self._bound[split]
