"""Seeded randomness for data: independent named streams of one seed.

A stream is a Philox generator (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") keyed by the seed and
the stream's name, so that asking for a split never changes the rows that were drawn, and the other way round.
"""

from __future__ import annotations

from typing import Annotated
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

Seed = Annotated[int, Field(ge=0, lt=2**63)]


def generator(seed: int, stream: str) -> np.random.Generator:
    """The generator of one named stream of a seed (0 <= seed < 2^63)."""
    return np.random.Generator(_philox(seed, stream))


def permutation(seed: int, stream: str, n: int) -> NDArray[np.int64]:
    """A random order of 0..n-1.

    Sorts raw 64-bit words rather than calling Generator.permutation: NumPy keeps the words of a bit generator the same
    in every version, but not the methods built on them, and a split must not move when NumPy is upgraded.
    """
    return np.argsort(_philox(seed, stream).random_raw(n), kind="stable").astype(np.int64)


def seeds(seed: int, stream: str, n: int) -> list[int]:
    """Seeds derived from a seed, 0 <= each < 2^31; the first ones are the same for every n."""
    return [int(word >> np.uint64(33)) for word in _philox(seed, stream).random_raw(n)]


def _philox(seed: int, stream: str) -> np.random.Philox:
    return np.random.Philox(key=np.array([seed, crc32(stream.encode())], dtype=np.uint64))
