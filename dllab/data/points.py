"""What the generated point clouds have in common: balanced labels, and points packed as a data set."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dllab.data.dataset import Dataset

Noise = Annotated[float, Field(ge=0, le=1e3, allow_inf_nan=False)]
Samples = Annotated[int, Field(ge=1, le=1_000_000)]
Classes = Annotated[int, Field(ge=2, le=100)]

Points = NDArray[np.float64]
Labels = NDArray[np.int64]


def balanced(samples: int, classes: int) -> Labels:
    """Labels 0, 1, ..., classes-1, 0, 1, ...: no class has more than one row more than another. (samples,)."""
    return np.arange(samples, dtype=np.int64) % classes


def classified(name: str, points: Points, labels: Labels, classes: int, about: str) -> Dataset:
    """Points (N, F) with labels (N,) as a classification data set; features are x1, x2, ..., classes 0, 1, ..."""
    return Dataset(
        name=name,
        columns={"inputs": points.astype(np.float32), "targets": labels.astype(np.int32)},
        task="classification",
        classes=tuple(str(label) for label in range(classes)),
        features=tuple(f"x{feature + 1}" for feature in range(points.shape[1])),
        fixed_test=None,
        about=about,
    )
