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

PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
"""Okabe and Ito's colours, which tell apart for every kind of colour vision."""

GLYPHS = "ox+*#@%&abcdefghijklmnpqrstuvwyz"
BARS, ASCII_BARS = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
SHADES = " .:-=+*#%@"
COLUMNS, ROWS = 44, 20
WIDEST = 32  # pixels of an image in a line; of wider ones every second pixel is shown, or every third, ...
LUMA = np.array([0.299, 0.587, 0.114])
BINS = 66  # columns of a series
INK = 0.4  # an 8 x 8 digit, thresholded there, is still legible


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
    """An image of each class, (K, H, W, C), side by side, at most WIDEST pixels wide: half blocks in grey or in colour.

    Signs stand for how bright it is where there is no colour.
    """

    images: NDArray[Any]
    classes: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Two lines of images, as many beside each other as the terminal is wide; a line of text is two rows of pixels."""
        step = -(-self.images.shape[2] // WIDEST)
        low = min(float(self.images.min()), 0.0)
        images = (self.images[:, ::step, ::step].astype(np.float64) - low) / (float(self.images.max()) - low or 1.0)
        width = images.shape[2]
        colour = console.color_system is not None and not console.no_color
        fit = max(1, (options.max_width - 2) // (width + 2))
        for first in range(0, min(len(images), 2 * fit), fit):
            some = images[first : first + fit]
            names = [f"{name[:width]:<{width + 2}}" for name in self.classes[first : first + fit]]
            yield Text("  " + "".join(names).rstrip())
            for row in range(0, images.shape[1], 2):
                line = Text("  ", no_wrap=True)
                for image in some:
                    upper = image[row]
                    lower = image[row + 1] if row + 1 < len(image) else np.zeros_like(upper)
                    for a, b in zip(upper, lower):
                        line.append(*_pixels(a, b, options.ascii_only, colour))
                    line.append("  ")
                line.rstrip()
                yield line


def _pixels(a: NDArray[Any], b: NDArray[Any], ascii_only: bool, colour: bool) -> tuple[str, str]:
    """A cell of two pixels (C,), upper and lower, and its style."""
    if ascii_only:
        return SHADES[round((_bright(a) + _bright(b)) / 2 * (len(SHADES) - 1))], ""
    if colour:
        return "▀", f"{_style(a)} on {_style(b)}"
    return " ▄▀█"[2 * (_bright(a) > INK) + (_bright(b) > INK)], ""


def _bright(pixel: NDArray[Any]) -> float:
    """How bright a pixel looks, by the weights of ITU-R BT.601, 0 to 1."""
    return float(pixel @ LUMA) if len(pixel) == len(LUMA) else float(pixel[0])


def _style(pixel: NDArray[Any]) -> str:
    red, green, blue = np.broadcast_to((255 * pixel).round().astype(int), 3)
    return f"rgb({red},{green},{blue})"


def _glyph(number: int) -> tuple[str, str]:
    return GLYPHS[number % len(GLYPHS)], PALETTE[number % len(PALETTE)]


def _binned(series: NDArray[Any]) -> NDArray[Any]:
    """A series (T,) as one curve of at most BINS means, (1, T or BINS)."""
    edges = np.linspace(0, len(series), min(BINS, len(series)) + 1).round().astype(int)
    return np.array([[series[a:b].mean() for a, b in pairwise(edges)]])


def _first_of_each(rows: NDArray[Any], labels: NDArray[Any], classes: int) -> NDArray[Any]:
    return np.stack([rows[int(np.argmax(labels == number))] for number in range(classes)])
