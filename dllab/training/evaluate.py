"""Figures of a split: the loss and the recipe's metrics, as at inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dllab.data.splits import Splits
from dllab.engine.binding import Bound
from dllab.engine.network import CHUNK, Network, rows_at_once
from dllab.engine.pace import Pace, run_paced
from dllab.losses.probabilities import log_probabilities
from dllab.metrics.metric import Metric
from dllab.plan.plan import HISTORY_STEPS
from dllab.symbols import COLUMN, CONTINUES

PART = 4_000_000
"""Numbers of output that are looked at together; a split with more of them is measured in parts, if metrics allow that."""


class Evaluator:
    """Evaluates splits of one data set; bound once, so that a look at a small split costs microseconds.

    Of a net that carries states on, rows come in lanes of the training batch; rows without a word about that begin anew.
    """

    def __init__(self, network: Network, columns: dict[str, np.ndarray], splits: Splits, targets: np.ndarray,
                 metrics: tuple[Metric, ...],
                 natural: Callable[[np.ndarray], np.ndarray] = lambda outputs: outputs) -> None:  # fmt: skip
        self.network, self.metrics = network, metrics
        self.splits = {name: rows for name in ("train", "validation", "test") if len(rows := getattr(splits, name))}
        self.carries = any(column.name == CONTINUES for column in network.plan.question.extras)
        beginnings = {COLUMN + CONTINUES: np.zeros(len(targets), np.float32)} if self.carries else {}
        self._columns, self._all_targets, self._natural = {**beginnings, **columns}, targets, natural
        self._bound: dict[tuple[str, int], Bound] = {}  # by split and number of rows: parts of equal size share one
        self._outputs: dict[str, np.ndarray] = {}
        self._pace = Pace()

    def evaluate(self, split: str) -> dict[str, Any]:
        """`loss` as the net is trained by it, and every metric of a split in the unit of the targets.

        NaN where no row of it has an answer; parts without any do not count.
        """
        parts = self._parts(split)
        running = self.network.memory.arrays["running"]
        states = running.copy() if self.carries else None  # those of training go on afterwards
        losses, counts = [], []
        figures: list[list[Any]] = []
        for number, rows in enumerate(parts):
            loss, count = self._run(split, rows)
            if not count and (figures or number < len(parts) - 1):  # only where no part has any, one of them speaks
                continue
            losses.append(loss)
            counts.append(count)
            figures.append(self._measure(self._outputs[split][: len(rows)], self._all_targets[rows]))
        if states is not None:
            running[:] = states
        weights = np.array(counts, np.float64)
        found: dict[str, Any] = {"loss": _mean(np.array(losses), weights)}
        for metric, of_parts in zip(self.metrics, zip(*figures)):
            found[metric.name] = of_parts[0] if len(figures) == 1 else metric.combine(np.array(of_parts), weights)
        return found

    def begin_anew(self) -> None:
        """See Bound.begin_anew."""
        for bound in self._bound.values():
            bound.begin_anew()

    def _parts(self, split: str) -> list[np.ndarray]:
        """The rows of a split, in one part where it is small or a metric has to see it whole."""
        rows, capacity = self.splits[split], self._capacity
        if not all(metric.additive for metric in self.metrics) or len(rows) * self._width <= PART:
            return [rows]
        size = max(PART // self._width // capacity, 1) * capacity  # whole batches: states go on from part to part
        return [rows[first : first + size] for first in range(0, len(rows), size)]

    def _run(self, split: str, rows: np.ndarray) -> tuple[float, int]:
        """The mean loss of these rows, and over how many answers; their outputs are in _outputs[split] then."""
        bound = self._bind(split, rows)
        batches = -(-len(rows) // bound.capacity)
        losses = np.empty(batches)
        ring = self.network.memory.arrays["history"].view(np.float64)[:HISTORY_STEPS]
        kept = ring.copy()  # the training losses of the last steps live in the same ring
        for first, last in run_paced(bound, 0, batches, self._pace):
            losses[first:last] = ring[np.arange(first, last) % HISTORY_STEPS]
        ring[:] = kept
        counts = self._answers(rows, bound.capacity)
        return _mean(losses, counts), int(counts.sum())

    def _answers(self, rows: np.ndarray, capacity: int) -> np.ndarray:
        """How many answers each batch of these rows has: by steps that have a label, else by rows."""
        starts = np.arange(0, len(rows), capacity)
        targets = self._all_targets
        if targets.dtype == np.int32 and targets.ndim > 1:
            return np.asarray(np.add.reduceat((targets[rows] >= 0).sum(axis=1), starts))
        return np.asarray(np.diff(np.append(starts, len(rows))))

    def _measure(self, outputs: np.ndarray, targets: np.ndarray) -> list[Any]:
        """Every metric of these rows."""
        outputs = outputs.reshape(len(outputs), *self.network.output_shape)
        plan, loss = self.network.plan, self.network.plan.question.loss
        found: dict[str, np.ndarray] = {}
        if any(metric.reads == "log_probabilities" for metric in self.metrics):
            last, absorbs = plan.question.model[-1].part.name, None if loss is None else loss.absorbs
            found["log_probabilities"] = log_probabilities(outputs, last, absorbs)
        if loss is not None and not plan.absorbed:
            outputs = loss.answers(outputs)
        found["outputs"] = self._natural(outputs)
        return [metric.measure(found[metric.reads], targets) for metric in self.metrics]

    @property
    def _capacity(self) -> int:
        """Rows of a batch: those of training where each goes on with the state of its row in the last one."""
        plan = self.network.plan
        return plan.question.batch if self.carries else rows_at_once(plan, "evaluate", CHUNK)

    @property
    def _width(self) -> int:
        return int(np.prod(self.network.output_shape, dtype=np.int64))

    def _bind(self, split: str, rows: np.ndarray) -> Bound:
        """The evaluation program over these rows; parts of a split that are equally long share one, and its memory."""
        if split not in self._outputs:
            self._outputs[split] = np.empty((len(rows), self._width), self.network.dtype)  # the first part is the largest
        key = split, len(rows)
        if key not in self._bound:
            outputs = self._outputs[split][: len(rows)]
            capacity = self._capacity if self.carries else min(self._capacity, len(rows))
            order = rows.copy()
            self._bound[key] = Bound(self.network.memory, "evaluate", capacity, self._columns, order, outputs=outputs)
        bound = self._bound[key]
        bound.arrays["order"][:] = rows
        return bound


def _mean(losses: np.ndarray, counts: np.ndarray) -> float:
    """The mean loss of answers from those of batches, or of parts, that have any; NaN if none has."""
    there = counts > 0
    return float((losses[there] * counts[there]).sum() / counts.sum()) if there.any() else float("nan")
