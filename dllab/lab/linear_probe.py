"""How well straight borders tell the classes apart in what a layer gives: a linear classifier fitted to its outputs.

Alain and Bengio, Understanding intermediate layers using linear classifier probes (2016). There are two classifiers, both
of standardised numbers and with a little ridge: least squares on one column a class, which has a closed form, and softmax
with cross-entropy (logistic regression), which is what the last layer of a net is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.splits import evenly
from dllab.lab.plane_map import ACROSS, DOWN, MOST_POINTS, PlaneMap, Points
from dllab.lab.subject import Subject

Numbers = NDArray[np.float64]
ROUNDS = 50
"""Steps to the least cross-entropy; three hundred change a few answers in a thousand."""


class LinearProbe:
    """A linear classifier of numbers x (N, ...) with labels (N,), fitted by least squares."""

    ridge = 1e-3
    """Beside the mean square of a standardised number, which is 1."""

    def __init__(self, x: NDArray[Any], labels: NDArray[Any]) -> None:
        flat = _flat(x)
        self._mean, spread = flat.mean(axis=0), flat.std(axis=0)
        self._scale = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1), 0.0)
        rows = self._rows(x)
        wanted = np.eye(int(labels.max()) + 1)[labels]
        self._weights = self._fitted(rows, wanted, rows.T @ rows / len(rows), self.ridge * np.eye(rows.shape[1]))

    def said(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """The class of each row."""
        return np.asarray((self._rows(x) @ self._weights).argmax(axis=1))

    def accuracy(self, x: NDArray[Any], labels: NDArray[Any]) -> float:
        """The share of rows whose class is the true one."""
        return float((self.said(x) == labels).mean())

    def standard(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Standardised as the rows that it was fitted to were, (N, F)."""
        return np.asarray((_flat(x) - self._mean) * self._scale)

    @property
    def bias(self) -> NDArray[np.float64]:
        """What is added to each class, (K,)."""
        return np.asarray(self._weights[-1])

    def plane(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The two directions (F, 2) that matter most to it, and how each class pulls along these, (2, K)."""
        weights = self._weights[:-1] - self._weights[:-1].mean(axis=1, keepdims=True)  # what they share decides nothing
        basis = np.eye(2) if len(weights) == 2 else np.linalg.svd(weights, full_matrices=False)[0][:, :2]
        return basis, basis.T @ weights

    def _rows(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Standardised, and a column of ones."""
        return np.hstack([self.standard(x), np.ones((len(x), 1))])

    def _fitted(self, rows: Numbers, wanted: Numbers, square: Numbers, ridge: Numbers) -> Numbers:
        """Weights (F, K) for rows (N, F) and what is wanted, (N, K). `square`: the mean of their products, (F, F)."""
        return np.asarray(np.linalg.solve(square + ridge, rows.T @ wanted / len(rows)))


class SoftmaxProbe(LinearProbe):
    """The same, fitted by the cross-entropy of a softmax: the last layer of a net, on its own."""

    ridge = 3e-3

    def _fitted(self, rows: Numbers, wanted: Numbers, square: Numbers, ridge: Numbers) -> Numbers:
        # half of `square` is above the curvature everywhere (Boehning 1992), so that steps measured by it never go too far
        least, share = np.linalg.inv(square / 2 + ridge), rows.T / len(rows)
        before = ahead = np.zeros((rows.shape[1], wanted.shape[1]))
        for step in range(ROUNDS):
            z = rows @ ahead
            p = np.exp(z - z.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            weights = ahead - least @ (share @ (p - wanted) + ridge @ ahead)
            ahead, before = weights + step / (step + 3) * (weights - before), weights  # Nesterov's momentum
        return before


def probed(
    subject: Subject, layers: Sequence[str], split: str = "test", probe: type[LinearProbe] = LinearProbe
) -> dict[str, float]:
    """Accuracy by layer, of probes fitted to training rows and judged on those of `split`; "" is the inputs."""
    y, truth = (_labels(subject, rows) for rows in (subject.rows("train"), subject.rows(split)))
    train, seen = _given(subject, layers, "train"), _given(subject, layers, split)
    return {layer: probe(train[layer], y).accuracy(seen[layer], truth) for layer in layers}


def judged(
    subject: Subject, features: Callable[[NDArray[Any]], NDArray[Any]], probe: type[LinearProbe] = LinearProbe
) -> float:
    """Accuracy on the test rows of a probe of what `features` makes of the inputs of a subject's data."""
    train, test = subject.rows("train"), subject.rows("test")
    fitted = probe(features(subject.data.seen(train)), _labels(subject, train))
    return fitted.accuracy(features(subject.data.seen(test)), _labels(subject, test))


def probe_map(subject: Subject, layer: str, split: str = "test") -> PlaneMap:
    """A plane through what a layer gives, with the straight borders of its probe and the points of a split.

    With three classes a probe looks at two directions only, and the plane is that of these; with more it is that of the two
    in which its classes lie furthest apart. Two inputs are drawn as they are.
    """
    given = _given(subject, [layer], "train")[layer]
    probe = LinearProbe(given, _labels(subject, subject.rows("train")))
    basis, pulls = probe.plane()
    points = probe.standard(_given(subject, [layer], split)[layer]) @ basis
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.05 * (high - low)
    low, high = low - margin, high + margin
    across, down = np.meshgrid(np.linspace(low[0], high[0], ACROSS), np.linspace(high[1], low[1], DOWN))
    labels = (np.stack([across, down], axis=-1) @ pulls + probe.bias).argmax(axis=-1)
    truth, said = _labels(subject, subject.rows(split)), (points @ pulls + probe.bias).argmax(axis=1)
    few = evenly(len(points), MOST_POINTS)
    seen = Points(subject.name, subject.state, subject.steps, split, len(points))
    names = subject.data.dataset.features if not layer and len(basis) == 2 else ("1st", "2nd")
    return PlaneMap(seen, names, subject.data.dataset.classes, low, high, labels, None, points[few], truth[few],
                    said[few], int((said != truth).sum()))  # fmt: skip


def _given(subject: Subject, layers: Sequence[str], split: str) -> dict[str, NDArray[Any]]:
    """What each layer makes of the rows of a split; "" is the inputs."""
    rows = subject.rows(split)
    inside = subject.inference(rows)
    return {layer: inside.output(layer) if layer else subject.data.seen(rows) for layer in layers}


def _labels(subject: Subject, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return subject.data.dataset.columns["targets"][rows].astype(np.int64)


def _flat(x: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(x, np.float64).reshape(len(x), -1)
