"""The GloVe sample: vectors of 10,000 English words, to compare with; no data set to train on."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from dllab.data.files import reading

NAME = "glove10k"
WORDS, UNITS = 10_000, 50


def glove10k() -> tuple[tuple[str, ...], NDArray[Any]]:
    """The words, the most frequent first, and their vectors (10,000, 50) float32. Raises ValueError for damaged files."""
    with reading(f"{NAME}-words.txt") as path:
        words = tuple(path.read_text("ascii").split())
        if len(words) != WORDS:
            raise ValueError(f"it has {len(words)} words, not {WORDS}")
    with reading(f"{NAME}.npz") as path:
        return words, _vectors(path)


def _vectors(path: Path) -> NDArray[Any]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            vectors = arrays["vec"].astype(np.float32) if "vec" in arrays else np.empty(0)
    except (BadZipFile, TypeError, AttributeError):
        raise ValueError("it is no archive of arrays") from None
    if vectors.shape != (WORDS, UNITS):
        raise ValueError(f"its vectors are {vectors.shape}, not {(WORDS, UNITS)}")
    return vectors
