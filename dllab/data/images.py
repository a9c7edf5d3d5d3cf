"""What the image sources have in common: pixels as rows of numbers or as pictures, and pictures made smaller."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.dataset import Dataset, Rows

DIGITS = tuple(str(digit) for digit in range(10))
COLOURS = ("red", "green", "blue")


def pictures(
    name: str, images: NDArray[np.uint8], labels: NDArray[Any], flatten: bool, fixed_test: Rows | None, about: str,
    classes: tuple[str, ...] = DIGITS,
) -> Dataset:  # fmt: skip
    """Images (N, H, W) or (N, H, W, 3) uint8 of digits or other classes.

    Inputs are (N, H * W * C) where `flatten`, else (N, H, W, C), C being 1 for grey pictures.
    """
    rows, height, width = images.shape[:3]
    channels = 1 if images.ndim == 3 else images.shape[3]
    shape = (height * width * channels,) if flatten else (height, width, channels)
    return Dataset(
        name=name,
        columns={"inputs": images.reshape(rows, *shape), "targets": labels.astype(np.int32)},
        task="classification",
        classes=classes,
        features=pixel_names(height, width, channels),
        fixed_test=fixed_test,
        about=about,
    )


def pixel_names(height: int, width: int, channels: int) -> tuple[str, ...]:
    """`row 0 column 0`, with its colour where there are three: by them pictures are known, flattened or not."""
    numbered = [f" channel {channel}" for channel in range(channels)]
    ends = {1: [""], len(COLOURS): [f" {colour}" for colour in COLOURS]}.get(channels, numbered)
    return tuple(f"row {row} column {column}{end}" for row in range(height) for column in range(width) for end in ends)


def picture_shape(features: Sequence[str]) -> tuple[int, int, int] | None:
    """Height, width and channels (1 or 3) where the inputs are pictures that can be seen, flattened or not."""
    last = re.fullmatch(r"row (\d+) column (\d+)( blue)?", features[-1])
    return (int(last[1]) + 1, int(last[2]) + 1, len(COLOURS) if last[3] else 1) if last else None


def smaller(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Images (N, H, H) as (N, size, size), size a divisor of H: the mean of each block of pixels, halves rounded up."""
    rows, side = images.shape[:2]
    block = side // size
    if block == 1:
        return images
    sums = np.zeros((rows, size, size), np.uint32)
    for row, column in np.ndindex(block, block):  # many times as fast as a sum over two short axes
        sums += images[:, row::block, column::block]
    means: NDArray[np.uint8] = ((sums + block * block // 2) // (block * block)).astype(np.uint8)
    return means
