"""Small pictures of data: points of two features, curves, images. Readable without colour and in plain ASCII."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from dllab.data.dataset import Dataset
from dllab.data.images import picture_shape
from dllab.views.histogram import ASCII_BARS, BARS
from dllab.views.pixels import Pictures

PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
"""Okabe and Ito's colours, which tell apart for every kind of colour vision."""

GLYPHS = "ox+*#@%&abcdefghijklmnpqrstuvwyz"
COLUMNS, ROWS = 44, 20
BINS = 66  # columns of a series


def picture(dataset: Dataset) -> RenderableType | None:
    """The picture that suits the data; None for tables of many features."""
    inputs, targets = dataset.columns["inputs"], dataset.columns["targets"]
    flat = inputs.reshape(dataset.rows, -1)
    shape = picture_shape(dataset.features)
    if dataset.task == "classification" and flat.shape[1] == 2:
        return Scatter(flat, targets, dataset.classes, dataset.features)
    if dataset.task == "regression" and flat.shape[1] == 1:
        return Scatter(np.column_stack([flat[:, 0], targets[:, 0]]), np.zeros(dataset.rows, int), (), ("x", "y"))
    if shape is not None and dataset.classes:
        return Images(_first_of_each(flat, targets, len(dataset.classes)).reshape(-1, *shape), dataset.classes)
    if "series" in dataset.tables:
        return Curves(_binned(dataset.tables["series"]), ("series",))
    if inputs.ndim == 3 and dataset.classes and targets.ndim == 1 and dataset.features[0].startswith("t1"):
        return Curves(_first_of_each(inputs[:, :, 0], targets, len(dataset.classes)), dataset.classes)
    if len(dataset.features) > 1 and all(re.fullmatch(r"t\d+", name) for name in dataset.features) and targets.ndim == 1:
        return Curves(_first_of_each(flat, targets, len(dataset.classes)), dataset.classes)
    return None


@dataclass(frozen=True)
class Scatter:
    """Points (N, 2), each cell with the sign of the class that most of its points have."""

    points: NDArray[Any]
    labels: NDArray[Any]
    classes: tuple[str, ...]
    features: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A frame with the range of both axes, and a line that says which sign is which class."""
        columns, rows = min(COLUMNS, options.max_width - 12), ROWS
        counts = self._counts(columns, rows)
        (left, bottom), (right, top) = self.points.min(axis=0), self.points.max(axis=0)
        bar, corner, dash = ("|", "+", "-") if options.ascii_only else ("│", "└", "─")
        for row in range(rows):
            label = f"{top:.3g}" if row == 0 else f"{bottom:.3g}" if row == rows - 1 else ""
            line = Text(f"{label:>8} {bar}", no_wrap=True)
            for cell in counts[row]:
                line.append(*self._sign(cell))
            line.rstrip()
            yield line
        yield Text(f"{'':8} {corner}{dash * columns}", no_wrap=True)
        names = f"{self.features[0]} across, {self.features[1]} up"
        yield Text(f"{'':10}{f'{left:.3g}':<{columns - 8}}{f'{right:.3g}':>8}", no_wrap=True)
        legend = Text(f"{'':10}{names}")
        for number, name in enumerate(self.classes[: len(GLYPHS)]):
            legend.append("; class " if number == 0 else ", ")
            legend.append(f"{name} = ").append(*_glyph(number))
        yield legend

    def _counts(self, columns: int, rows: int) -> NDArray[np.int64]:
        """How many points of each class lie in each cell, (rows, columns, classes), top row first."""
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        size = np.where(high > low, high - low, 1.0)
        place = ((self.points - low) / size * (np.array([columns, rows]) - 1)).round().astype(np.int64)
        counts = np.zeros((rows, columns, max(len(self.classes), 1)), np.int64)
        np.add.at(counts, (rows - 1 - place[:, 1], place[:, 0], self.labels), 1)
        return counts

    def _sign(self, cell: NDArray[np.int64]) -> tuple[str, str]:
        return _glyph(int(cell.argmax())) if cell.any() else (" ", "")


@dataclass(frozen=True)
class Curves:
    """One curve of each class, (K, T), as a line of bars."""

    curves: NDArray[Any]
    classes: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A line for each class."""
        bars = ASCII_BARS if options.ascii_only else BARS
        room = options.max_width - 12
        for name, curve in zip(self.classes, self.curves):
            low, high = float(curve.min()), float(curve.max())
            levels = (curve[:room] - low) / (high - low or 1.0) * (len(bars) - 1)
            yield Text(f"{name:>8}  " + "".join(bars[level] for level in levels.round().astype(int)), no_wrap=True)


@dataclass(frozen=True)
class Images:
    """An image of each class, (K, H, W, C), side by side, in half blocks, or signs for how bright it is."""

    images: NDArray[Any]
    classes: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Two lines of images, as many beside each other as the terminal is wide; a line of text is two rows of pixels."""
        yield Pictures(self.images, self.classes, two_tone=True, most_lines=2)


def _glyph(number: int) -> tuple[str, str]:
    return GLYPHS[number % len(GLYPHS)], PALETTE[number % len(PALETTE)]


def _binned(series: NDArray[Any]) -> NDArray[Any]:
    """A series (T,) as one curve of at most BINS means, (1, T or BINS)."""
    edges = np.linspace(0, len(series), min(BINS, len(series)) + 1).round().astype(int)
    return np.array([[series[a:b].mean() for a, b in pairwise(edges)]])


def _first_of_each(rows: NDArray[Any], labels: NDArray[Any], classes: int) -> NDArray[Any]:
    return np.stack([rows[int(np.argmax(labels == number))] for number in range(classes)])
