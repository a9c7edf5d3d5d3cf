"""Vectors of words that others have learnt, and lists of words to judge vectors by."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dllab.data.files import arrays, reading

WORDS, NUMBERS = 10_000, 50
PAIRS, ANALOGIES = 353, 506


class Vectors(NamedTuple):
    """Words, the most frequent first, and their vectors, (V, 50) float32."""

    words: tuple[str, ...]
    vectors: NDArray[np.float32]


class Likeness(NamedTuple):
    """How alike two words are to people, 0 to 10."""

    word: str
    other: str
    judged: float


def glove() -> Vectors:
    """The GloVe sample. Raises ValueError for files that are missing or damaged."""
    with reading("glove10k-words.txt") as path:
        words = tuple(path.read_text(encoding="ascii").split())
        if len(words) != WORDS:
            raise ValueError(f"it has {len(words)} words, not {WORDS}")
    with reading("glove10k-vectors.npz") as path:
        (found,) = arrays(path, "vec")
        vectors = found.astype(np.float32)
        if vectors.shape != (WORDS, NUMBERS):
            raise ValueError(f"it has {' x '.join(map(str, vectors.shape))} numbers, not {WORDS} x {NUMBERS}")
        return Vectors(words, vectors)


def likenesses() -> list[Likeness]:
    """WordSim-353: pairs of words with the mean of what 13 to 16 people said, as they stand, some in capitals."""
    with reading("wordeval-wordsim353.tsv") as path:
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        if len(lines) != PAIRS or {len(line) for line in lines} != {3}:
            raise ValueError(f"it has {len(lines)} pairs of words and a number, not {PAIRS}")
        return [Likeness(word, other, float(judged)) for word, other, judged in lines]


def analogies() -> list[tuple[str, str, str, str]]:
    """The family section of Google's analogies: `boy girl brother sister`, a is to b as c is to d."""
    with reading("wordeval-analogy_family.txt") as path:
        lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
        if len(lines) != ANALOGIES or {len(line) for line in lines} != {4}:
            raise ValueError(f"it has {len(lines)} lines of four words, not {ANALOGIES}")
        return [(a, b, c, d) for a, b, c, d in lines]
