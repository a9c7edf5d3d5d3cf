"""What the image sources have in common: pixels as rows of numbers or as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.dataset import Dataset, Rows

DIGITS = tuple(str(digit) for digit in range(10))


def pictures(
    name: str, images: NDArray[np.uint8], labels: NDArray[Any], flatten: bool, fixed_test: Rows | None, about: str,
    classes: tuple[str, ...] = DIGITS,
) -> Dataset:  # fmt: skip
    """Images (N, H, W) uint8 of digits or other classes; inputs are (N, H * W) where `flatten`, else (N, H, W)."""
    rows, height, width = images.shape
    return Dataset(
        name=name,
        columns={
            "inputs": images.reshape(rows, height * width) if flatten else images,
            "targets": labels.astype(np.int32),
        },
        task="classification",
        classes=classes,
        features=tuple(f"row {row} column {column}" for row in range(height) for column in range(width)),
        fixed_test=fixed_test,
        about=about,
    )
