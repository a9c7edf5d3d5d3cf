"""What vectors of words know: nearest words by the cosine, agreement with other vectors, circles in modular arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[Any]
NEAREST = 10
"""How many neighbours are compared."""
PART = 1024
"""Rows of the table of all cosines that are held at a time."""


@dataclass(frozen=True)
class Overlap:
    """How far two sets of vectors name the same neighbours.

    `words`: those both have. `nearest`: so many neighbours of each, among these words. `share`: the mean share that both
    name. `chance`: that of neighbours drawn at random.
    """

    words: int
    nearest: int
    share: float
    chance: float


def unit(vectors: Vectors) -> Vectors:
    """Vectors (V, F) of length 1, in float64; one of length 0 stays 0."""
    wide = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    found: Vectors = wide / np.where(lengths > 0, lengths, 1.0)
    return found


def nearest(units: Vectors, to: Vectors, count: int, without: Sequence[int] = ()) -> list[tuple[int, float]]:
    """The rows of `units` nearest to a vector (F,) and the cosines, the nearest first; at most `count` of them."""
    cosines = units @ unit(to[None])[0]
    cosines[list(without)] = -np.inf
    order = np.argsort(-cosines, kind="stable")[: min(count, len(units) - len(set(without)))]
    return [(int(row), float(cosines[row])) for row in order]


def neighbours(vectors: Vectors, count: int) -> NDArray[np.int64]:
    """The `count` nearest rows of every row (V, F), itself left out: (V, count)."""
    units = unit(vectors).astype(np.float32)
    found = np.empty((len(units), count), np.int64)
    for first in range(0, len(units), PART):
        cosines = units[first : first + PART] @ units.T
        rows = np.arange(len(cosines))
        cosines[rows, first + rows] = -np.inf
        found[first : first + PART] = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
    return found


def overlap(words: Sequence[str], vectors: Vectors, other_words: Sequence[str], other_vectors: Vectors,
            count: int = NEAREST) -> Overlap:  # fmt: skip
    """How far the neighbours of two sets of vectors agree, among the words that both have.

    Raises ValueError where these are not more than `count`.
    """
    place = {word: row for row, word in enumerate(other_words)}
    shared = [(row, place[word]) for row, word in enumerate(words) if word in place]
    if len(shared) <= count + 1:
        raise ValueError(f"{len(shared)} words in common are too few to compare {count} neighbours of each")
    one, other = (neighbours(table[list(rows)], count) for table, rows in zip((vectors, other_vectors), zip(*shared)))
    common = [len(np.intersect1d(a, b, assume_unique=True)) for a, b in zip(one, other)]
    return Overlap(len(shared), count, float(np.mean(common)) / count, count / (len(shared) - 1))


def circle_power(vectors: Vectors) -> NDArray[np.float64]:
    """The share of each frequency 1 .. P // 2 in the vectors (P, F) of the numbers 0 .. P - 1, their mean taken off.

    Numbers that are added modulo P lie on circles: a + b turns by the angle of a and then by that of b. A table that has
    found this has its power in few frequencies; a random one has about the same in all.
    """
    wide = np.asarray(vectors, np.float64)
    power = (np.abs(np.fft.rfft(wide - wide.mean(axis=0), axis=0)) ** 2).sum(axis=1)
    if len(wide) % 2 == 0:
        power[-1] /= 2  # all others stand for two, k and P - k
    whole = power[1:].sum()
    shares: NDArray[np.float64] = power[1:] / whole if whole > 0 else power[1:]
    return shares


def top_share(shares: NDArray[np.float64], count: int) -> float:
    """What the `count` strongest frequencies have together; evenly spread it would be count / frequencies."""
    return float(np.sort(shares)[::-1][:count].sum())
