"""Vectors of words from elsewhere, and how a table begins with them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from dllab import places
from dllab.inits.initializer import Initializer

SHIPPED = "glove10k"
"""The vectors that come with the lab."""

Vectors = tuple[tuple[str, ...], NDArray[np.float32]]


class VectorFileError(ValueError):
    """A file holds no vectors of words; the message says what is wrong with it."""


def vectors_of(source: str) -> Vectors:
    """Words and their vectors (N, F), from `glove10k` or from a text file of lines `word v1 v2 ...`.

    Raises VectorFileError.
    """
    path = Path(source)
    try:
        if source == SHIPPED:
            return _shipped(places.folder("datasets"))
        stamp = path.stat()
        return _read(path, (stamp.st_mtime_ns, stamp.st_size))
    except VectorFileError:
        raise
    except (OSError, ValueError, KeyError, BadZipFile):
        raise VectorFileError(f"no vectors can be read from {source}; give a text file of lines `word v1 v2 ...`, or "
                              f"{SHIPPED}") from None  # fmt: skip


@lru_cache(maxsize=2)
def _shipped(folder: Path) -> Vectors:
    with (folder / f"{SHIPPED}-vectors.npz").open("rb") as file, np.load(file) as arrays:
        vectors = arrays["vec"].astype(np.float32)
    words = (folder / f"{SHIPPED}-words.txt").read_text(encoding="utf-8").split()
    return tuple(words), vectors


@lru_cache(maxsize=2)
def _read(path: Path, stamp: tuple[int, int]) -> Vectors:
    """The vectors of a file; a first line of two numbers, as word2vec writes, only says how many there are."""
    words: list[str] = []
    rows: list[NDArray[np.float32]] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            word, *numbers = line.rstrip().split(" ")
            if (not word and not numbers) or (number == 1 and len(numbers) == 1):
                continue
            row = _numbers(numbers)
            if row is None or not len(row) or (rows and len(row) != len(rows[0])):
                expected = f"a word and {len(rows[0])} numbers, as those before it" if rows else "a word and its numbers"
                raise VectorFileError(f"line {number} of {path} is not {expected}, with a space between")
            words.append(word)
            rows.append(row)
    if not rows:
        raise VectorFileError(f"{path} holds no vectors; each line is a word and its numbers, with a space between")
    return tuple(words), np.stack(rows)


def _numbers(texts: list[str]) -> NDArray[np.float32] | None:
    try:
        found = np.array(texts, np.float32)
    except ValueError:
        return None
    return found if np.isfinite(found).all() else None


@dataclass(frozen=True)
class FromVectors:
    """Draws a table whose rows are the vectors of its words, where `source` has them; others as `otherwise` draws them."""

    source: str
    words: tuple[str, ...]
    otherwise: Initializer

    def draw(self, shape: tuple[int, ...], fans: tuple[int, int], key: int) -> NDArray[Any]:
        """See Initializer.draw."""
        known, vectors = vectors_of(self.source)
        table = np.array(self.otherwise.draw(shape, fans, key), np.float64)
        place = {word: row for row, word in reversed(list(enumerate(known)))}  # the first of equal words counts
        for row, word in enumerate(self.words):
            at = place.get(word, place.get(word.lower()))
            if at is not None:
                table[row] = vectors[at]
        return table
