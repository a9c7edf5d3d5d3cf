"""The filters of convolutions: their weights, how large they are, and which are nearly zero or nearly alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.images import COLOURS, picture_shape
from dllab.lab.chosen import chosen
from dllab.lab.subject import Subject
from dllab.lab.suits import FILTERS
from dllab.plan.flow import LayerInfo

WEAK = 0.1
"""A filter is nearly zero whose norm is below this share of the median norm of its layer."""
ALIKE = 0.95
"""Two filters are nearly alike whose cosine is at least so much, and nearly opposite at least so much below 0."""
FEWEST = 8
"""Numbers of a filter from which on a cosine says something: of four, one random pair in eighty has that much."""

Array = NDArray[Any]


@dataclass(frozen=True)
class Pair:
    """Two filters of nearly one direction, or of opposite ones."""

    one: int
    other: int
    cosine: float


@dataclass(frozen=True, eq=False)
class Filters:
    """The filters of a layer, (O, K, L, C): O of them, K x L numbers for each of C input channels; K is 1 of a conv1d.

    `colours`: the channels are red, green and blue. `one_row`: of a signal, not of a picture. `norms` (O,). `weak`: nearly
    zero. `pairs`: nearly alike, the most alike first.
    """

    path: str
    kind: str
    weights: Array
    colours: bool
    one_row: bool
    norms: Array
    weak: tuple[int, ...]
    pairs: tuple[Pair, ...]

    @property
    def by_channel(self) -> Array:
        """The norm of each filter's slice of each input channel, (O, C)."""
        return np.asarray(np.sqrt((self.weights**2).sum(axis=(1, 2))))

    @property
    def roughness(self) -> float:
        """The mean squared difference of weights side by side, divided by that of any two of a filter's channel.

        About 1 where weights are drawn one by one, less where neighbours are alike; NaN for filters of one weight.
        """
        w = self.weights
        gaps = [gap**2 for gap in (np.diff(w, axis=1), np.diff(w, axis=2)) if gap.size]
        any_two = 2 * w.var(axis=(1, 2)).mean()
        return float(np.mean([gap.mean() for gap in gaps]) / any_two) if gaps and any_two else float("nan")

    def strongest(self) -> tuple[Array, Array]:
        """Of each filter the channel with the largest norm, (O,), and its slice, (O, K, L)."""
        channel = self.by_channel.argmax(axis=1)
        return channel, self.weights[np.arange(len(channel)), :, :, channel]


@dataclass(frozen=True, eq=False)
class Filtered:
    """The convolutions of a net. `best_step`: see Subject."""

    name: str
    state: str
    steps: int
    layers: tuple[Filters, ...]
    best_step: int | None = None


def filters(subject: Subject, layer: str | None = None) -> Filtered:
    """The filters of all convolutions, or of those that `layer` names. Raises Unsuited where it names none."""
    infos = chosen(subject.network.plan.infos, layer, FILTERS)
    found = tuple(_filters(subject, info) for info in infos)
    return Filtered(subject.name, subject.state, subject.steps, found, subject.best_step)


def _filters(subject: Subject, info: LayerInfo) -> Filters:
    weights = of_layer(info.kind, subject.network.parameters[f"{info.path}.w"].astype(np.float64))
    shape = picture_shape(subject.data.dataset.features)
    first = info.path == next(other.path for other in subject.network.plan.infos if other.kind in FILTERS)
    colours = first and weights.shape[3] == len(COLOURS) and shape is not None and shape[2] == len(COLOURS)
    flat = weights.reshape(len(weights), -1)
    norms = np.linalg.norm(flat, axis=1)
    return Filters(info.path, info.kind, weights, colours, info.kind == "conv1d", norms, weak(norms), pairs(flat))


def of_layer(kind: str, w: Array) -> Array:
    """A layer's weights as filters (O, K, L, C)."""
    if kind == "conv1d":  # (K, C, O)
        return w.transpose(2, 0, 1)[:, np.newaxis]
    if kind == "depthwise_conv":  # (K, L, C, M): M filters for every channel, each of that channel alone
        return w.transpose(2, 3, 0, 1).reshape(-1, *w.shape[:2])[..., np.newaxis]
    return w.transpose(3, 0, 1, 2)  # (K, L, C, O)


def weak(norms: Array) -> tuple[int, ...]:
    """The filters that are nearly zero."""
    return tuple(int(i) for i in np.flatnonzero(norms < WEAK * np.median(norms)))


def pairs(flat: Array) -> tuple[Pair, ...]:
    """The pairs of filters (O, N) that are nearly alike or opposite; those that are nearly zero have no direction."""
    norms = np.linalg.norm(flat, axis=1)
    there = np.setdiff1d(np.flatnonzero(norms > 0), weak(norms))
    if flat.shape[1] < FEWEST:
        return ()
    units = flat[there] / norms[there, None]
    one, other = np.nonzero(np.triu(np.abs(units @ units.T) >= ALIKE, 1))
    found = [Pair(int(there[i]), int(there[j]), float(units[i] @ units[j])) for i, j in zip(one, other)]
    return tuple(sorted(found, key=lambda pair: -abs(pair.cosine)))
