"""Figures of what a layer gives for many examples, a part of them at a time: how numbers lie, what is dead, saturated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dllab.catalogue import parts
from dllab.engine.inside import Inside
from dllab.lab.recording import EDGES
from dllab.plan.flow import LayerInfo

BINS = 32
ZEROS_APART = 0.2
"""The share of zeros from which a histogram leaves them out, as they would hide the others."""


@dataclass(frozen=True)
class LayerActivations:
    """A layer's outputs over all examples; `shape`: of one example's, the last axis are its units.

    `counts` (32,): how many lie in each part of x / (1 + |x|) (lab.recording.EDGES), the same for all layers; `own` (32,)
    between `edges` (33,) from the least to the most, without the zeros where `zeros_apart`. `zeros`: share of outputs
    that are 0. `dead`: share of units that are 0 for every example, `flat`: share of outputs where the activation has
    less than 6 % of its largest slope; None for layers to which that does not apply. `active`, `size` (units,): of each
    unit, the share of examples (and places) where it is not 0, and its mean absolute output.
    """

    path: str
    kind: str
    depth: int
    shape: tuple[int, ...]
    mean: float
    spread: float
    least: float
    most: float
    counts: NDArray[np.int64]
    own: NDArray[np.int64]
    edges: NDArray[np.float64]
    zeros: float
    zeros_apart: bool
    dead: float | None
    flat: float | None
    active: NDArray[np.float64]
    size: NDArray[np.float64]


class Tally:
    """Of one layer. Every part of the examples is seen twice: all by `first`, then all by `second`.

    The spread is that around the mean, and the histogram ends at the least and the most, which are known after the first.
    """

    def __init__(self, info: LayerInfo) -> None:
        self.info, part = info, parts("layers").get(info.kind)
        self.shape = tuple(int(size) for size in info.output.shape[1:])
        self._flat, self._dies = getattr(part, "flat", None), getattr(part, "dies", False)
        units = self.shape[-1] if self.shape else 1
        self._rows = self._zeros = self._saturated = 0
        self._active, self._size = np.zeros(units, np.int64), np.zeros(units)
        self._sum, self._squares = 0.0, 0.0
        self._least, self._most = np.inf, -np.inf  # NaN where one is
        self._counts, self._own = np.zeros(len(EDGES) - 1, np.int64), np.zeros(BINS, np.int64)
        self._low, self._high = np.inf, -np.inf  # between which the histogram is, of what is finite
        self._low_but_0, self._high_but_0 = np.inf, -np.inf

    @np.errstate(over="ignore", invalid="ignore")
    def first(self, inside: Inside) -> None:
        """Sums, ends and counts."""
        x = self._there(inside)
        if not x.size:
            return
        self._rows += len(x)
        self._sum += float(x.sum())
        self._zeros += int((x == 0).sum())
        self._active += (x != 0).sum(0)
        self._size += np.abs(x).sum(0)
        self._least, self._most = float(np.minimum(self._least, x.min())), float(np.maximum(self._most, x.max()))
        if self._flat:
            self._saturated += int(((x <= self._flat[0]) | (x >= self._flat[1])).sum())
        finite = x[np.isfinite(x)]
        self._counts += np.histogram(finite / (1 + np.abs(finite)), EDGES)[0]
        self._low, self._high = _widened(self._low, self._high, finite)
        self._low_but_0, self._high_but_0 = _widened(self._low_but_0, self._high_but_0, finite[finite != 0])

    @np.errstate(over="ignore", invalid="ignore")
    def second(self, inside: Inside) -> None:
        """The spread, and the histogram."""
        x = self._there(inside)
        self._squares += float(np.square(x - self._mean).sum())
        finite = x[np.isfinite(x)]
        self._own += np.histogram(finite[finite != 0] if self._apart else finite, self._edges)[0]

    def figures(self) -> LayerActivations:
        """What was found."""
        total = self._rows * len(self._active)
        active = self._active / self._rows
        return LayerActivations(
            self.info.path, self.info.kind, self.info.depth, self.shape, self._mean, float(np.sqrt(self._squares / total)),
            self._least, self._most, self._counts, self._own, self._edges, self._zeros / total, self._apart,
            float((active == 0).mean()) if self._dies else None, self._saturated / total if self._flat else None,
            active, self._size / self._rows,
        )  # fmt: skip

    @property
    def _mean(self) -> float:
        return self._sum / (self._rows * len(self._active))

    @property
    def _apart(self) -> bool:
        return ZEROS_APART < self._zeros / (self._rows * len(self._active)) < 1

    @property
    def _edges(self) -> NDArray[np.float64]:
        low, high = (self._low_but_0, self._high_but_0) if self._apart else (self._low, self._high)
        if not low <= high:
            low, high = -1.0, 1.0
        elif high - low < 1e-9 * max(1.0, abs(high)):
            low, high = low - 0.5, high + 0.5
        return np.linspace(low, high, BINS + 1)

    def _there(self, inside: Inside) -> NDArray[np.float64]:
        """The outputs of examples and places that are there, (rows, units)."""
        y, there = inside.output(self.info.path), is_there(inside, self.info.path)
        x: NDArray[np.float64] = (y if there is None else y[there]).astype(np.float64)
        return x.reshape(-1, self.shape[-1] if self.shape else 1)


def is_there(inside: Inside, path: str) -> NDArray[np.bool_] | None:
    """Which steps of a layer's outputs are there, (N, T); None where it has none or all are."""
    lengths = inside.lengths(path)
    if lengths is None or inside.output(path).ndim < 3:
        return None
    return np.arange(inside.output(path).shape[1]) < lengths[:, np.newaxis]


def _widened(low: float, high: float, x: NDArray[np.float64]) -> tuple[float, float]:
    return (min(low, float(x.min())), max(high, float(x.max()))) if x.size else (low, high)
