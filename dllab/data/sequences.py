"""What sources of sequences that are read have in common: rows filled up to one length, words between boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]

END = 0
"""The id of the boundary, which begins, ends and pads what can end; among letters it is spelt as data.steps.BOUNDARY."""
WORD_END = "<end>"
"""How it is spelt among words, and where a full stop is a letter."""
NOT_ASKED = -1
"""The label of a step that does not count."""


def filled(rows: Sequence[Sequence[int]], width: int, fill: int) -> Ids:
    """Rows of ids, each at most `width` long, as one array (N, width)."""
    lengths = lengths_of(rows)
    found = np.full((len(rows), width), fill, np.int32)
    found[np.arange(width) < lengths[:, None]] = np.fromiter(chain.from_iterable(rows), np.int32, int(lengths.sum()))
    return found


def lengths_of(rows: Sequence[Sequence[int]]) -> Ids:
    """How long each row is, (N,)."""
    return np.array([len(row) for row in rows], np.int32)


def one_step_late(rows: Sequence[Sequence[int]]) -> tuple[Ids, Ids]:
    """What is read and what is to be said of sequences that end: (N, S) each, S the longest and 1.

    Of `e m m a` is read `. e m m a` and said `e m m a .`; the rest of a row is the boundary, and asked for nothing.
    """
    width = max(map(len, rows)) + 1
    read = filled([[END, *row] for row in rows], width, END)
    said = filled([[*row, END] for row in rows], width, NOT_ASKED)
    return read, said


def spelt(ids: Sequence[int], words: Sequence[str]) -> list[str]:
    """The words of ids, as far as one is asked for."""
    return [words[i] for i in ids if i != NOT_ASKED]
