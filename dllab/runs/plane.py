"""What a net of two inputs makes of the plane they span."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dllab.data.dataset import Dataset
from dllab.data.splits import evenly
from dllab.engine.prepare import prepared
from dllab.metrics.labels import predicted
from dllab.training.compiling import compile_ahead

if TYPE_CHECKING:
    from dllab.engine.network import Network
    from dllab.recipe import Recipe
    from dllab.training.events import Compiling

BORDER = 0.08  # share of the points' extent that is shown around them
SHOWN_POINTS = 240


def is_plane(dataset: Dataset) -> bool:
    """Whether rows are points of a plane, two numbers (not ids of words), sorted into classes."""
    return dataset.input_shape == (2,) and dataset.task == "classification" and not dataset.vocabulary


class Look:
    """Asks a net for the class of every place in a rectangle around its training points, from `low` to `high`."""

    def __init__(self, network: Network, points: np.ndarray, labels: np.ndarray, names: tuple[str, ...]) -> None:
        self.network, self.names = network, names
        chosen = evenly(len(points), SHOWN_POINTS)
        self._points, self._labels = points[chosen], labels[chosen]
        low, high = points.min(axis=0), points.max(axis=0)
        border = np.maximum((high - low) * BORDER, 1e-3)
        self.low, self.high = low - border, high + border

    @classmethod
    def at(cls, recipe: Recipe, network: Network) -> Look | None:
        """The look at a recipe's net; None unless it sorts points of a plane into classes."""
        data = prepared(recipe)
        if data is None or not is_plane(data.dataset):
            return None
        rows = data.splits.train
        return cls(network, data.seen(rows), data.dataset.columns["targets"][rows], data.dataset.classes)

    def compile(self) -> Iterator[Compiling]:
        """Compile what looking takes."""
        yield from compile_ahead(self.network.plan, ("infer:plain",))

    def places(self, columns: int, rows: int) -> np.ndarray:
        """The place of each pixel as the net sees it, (rows * columns, 2), top row first."""
        xs = np.linspace(self.low[0], self.high[0], columns)
        ys = np.linspace(self.high[1], self.low[1], rows)
        return np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)

    def classes(self, columns: int, rows: int) -> np.ndarray:
        """The class at each pixel, (rows, columns), top row first."""
        places = self.places(columns, rows)
        outputs = self.network.forward(places.astype(self.network.dtype))
        return predicted(outputs.reshape(len(places), -1)).reshape(rows, columns)

    def points(self, columns: int, rows: int) -> tuple[tuple[int, int, int], ...]:
        """The training points as (column, row, class)."""
        shares = (self._points - self.low) / (self.high - self.low)
        across = (shares[:, 0] * (columns - 1)).round().astype(int)
        down = ((1 - shares[:, 1]) * (rows - 1)).round().astype(int)
        return tuple((int(x), int(y), int(label)) for x, y, label in zip(across, down, self._labels))
