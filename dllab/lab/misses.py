"""How far the values that a net gives are from the right ones, and where they are furthest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dllab.data.splits import evenly
from dllab.engine.question import INPUTS, TARGETS
from dllab.lab.mistakes import Looked, looked, outputs
from dllab.lab.subject import Subject
from dllab.metrics.r2 import R2

BINS = 24
MOST_POINTS = 400


@dataclass(frozen=True, eq=False)
class Miss:
    """A row: its `place` in the split, and `row` in the data; its `inputs` as they are.

    `truth` and `said` (K,) in the data's unit; `rmse` of its K values.
    """

    place: int
    row: int
    inputs: NDArray[np.float64]
    truth: NDArray[np.float64]
    said: NDArray[np.float64]
    rmse: float


@dataclass(frozen=True, eq=False)
class Misses:
    """Values. `gives_back`: an autoencoder's. `truth`, `said` (M,): of some rows, evenly taken; of the first value of each.

    `counts`, `edges`: of said - true, or of a row's rmse where it gives back. rmse, mae, r2: of all rows, as the metrics of
    these names, but for the r2 of an autoencoder, which is of all values together. `plain`: the rmse of always saying the
    mean of the training rows. `unanswered`: rows whose outputs are not finite.
    """

    looked: Looked
    gives_back: bool
    values: int
    truth: NDArray[np.float64]
    said: NDArray[np.float64]
    counts: NDArray[np.int64]
    edges: NDArray[np.float64]
    rmse: float
    mae: float
    r2: float
    plain: float
    worst: tuple[Miss, ...]
    unanswered: int = 0


def misses(subject: Subject, split: str, most: int) -> Misses:
    """Of a net that gives values, with the `most` worst rows."""
    data, rows = subject.data, subject.rows(split)
    columns = data.dataset.columns
    truth = columns[TARGETS][rows].astype(np.float64).reshape(len(rows), -1)
    said = np.concatenate([data.natural(found).reshape(len(found), -1) for _, found in outputs(subject, rows)])
    said = said.astype(np.float64)
    known = np.isfinite(said).all(axis=1)
    with np.errstate(invalid="ignore", over="ignore"):
        off = said - truth
        each = np.sqrt((off**2).mean(axis=1))
    gives_back = bool(getattr(subject.recipe.data, "reconstruct", False))
    shown = each if gives_back else off[:, 0]
    finite = shown[np.isfinite(shown)]
    counts, edges = np.histogram(finite, _edges(finite, gives_back))
    mean = columns[TARGETS][data.splits.train].reshape(len(data.splits.train), -1).mean(axis=0, dtype=np.float64)
    few = evenly(len(rows), MOST_POINTS)
    order = [i for i in np.argsort(-each, kind="stable").tolist() if known[i]][:most]
    worst = tuple(
        Miss(i, int(rows[i]), columns[INPUTS][rows[i]].astype(np.float64), truth[i], said[i], float(each[i])) for i in order
    )
    return Misses(
        looked(subject, split), gives_back, truth.shape[1], truth[few, 0], said[few, 0], counts, edges,
        float(np.sqrt((off**2).mean())), float(abs(off).mean()),
        _together(off, truth) if gives_back else R2().measure(said, truth),
        float(np.sqrt(((truth - mean) ** 2).mean())), worst, int((~known).sum()),
    )  # fmt: skip


def _together(off: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """R2 of all values together: each by itself has none where it never varies, as in the corners of pictures."""
    scatter = float(((truth - truth.mean(axis=0)) ** 2).sum())
    return 1 - float((off**2).sum()) / scatter if scatter else float("nan")


def _edges(values: NDArray[np.float64], from_zero: bool) -> NDArray[np.float64]:
    """Edges of equal bins: around 0, or from it."""
    far = float(abs(values).max(initial=0.0)) or 1.0
    return np.linspace(0.0 if from_zero else -far, far, BINS + 1)
