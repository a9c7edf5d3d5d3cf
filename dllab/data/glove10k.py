"""The GloVe sample: vectors of 10,000 English words, to compare with; no data set to train on."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.files import reading

NAME = "glove10k"
WORDS, UNITS = 10_000, 50


@cache
def glove10k() -> tuple[tuple[str, ...], NDArray[Any]]:
    """The words, the most frequent first, and their vectors (10,000, 50) float32. Raises ValueError for damaged files."""
    with reading(f"{NAME}-words.txt") as path:
        words = tuple(path.read_text("ascii").split())
        if len(words) != WORDS:
            raise ValueError(f"it has {len(words)} words, not {WORDS}")
    with reading(f"{NAME}.npz") as path, np.load(path, allow_pickle=False) as arrays:
        vectors = arrays["vec"].astype(np.float32) if "vec" in arrays else np.empty(0)
        if vectors.shape != (WORDS, UNITS):
            raise ValueError(f"its vectors are {vectors.shape}, not {(WORDS, UNITS)}")
    return words, vectors
