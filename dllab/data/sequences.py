"""What sources of sequences have in common: names of steps, rows filled up to one length, words between boundaries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]

BOUNDARY = 0
"""The id that begins, ends and pads what can end."""
LETTER_BOUNDARY, WORD_BOUNDARY = ".", "<end>"
"""How it is spelt among letters, and among words."""
NOT_ASKED = -1
"""The label of a step that does not count."""


def step_names(steps: int, channels: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of the inputs of a row: `step 1`, ...; `step 1 wind`, ... where a step has several numbers."""
    ends = [f" {channel}" for channel in channels] or [""]
    return tuple(f"step {step}{end}" for step in range(1, steps + 1) for end in ends)


def filled(rows: Sequence[Sequence[int]], width: int, fill: int) -> Ids:
    """Rows of ids, each at most `width` long, as one array (N, width)."""
    lengths = np.array([len(row) for row in rows])
    found = np.full((len(rows), width), fill, np.int32)
    found[np.arange(width) < lengths[:, None]] = np.concatenate([np.asarray(row, np.int32) for row in rows])
    return found


def lengths_of(rows: Sequence[Sequence[int]]) -> Ids:
    """How long each row is, (N,)."""
    return np.array([len(row) for row in rows], np.int32)


def one_step_late(rows: Sequence[Sequence[int]]) -> tuple[Ids, Ids]:
    """What is read and what is to be said of sequences that end: (N, S) each, S the longest and 1.

    Of `e m m a` is read `. e m m a` and said `e m m a .`; the rest of a row is the boundary, and asked for nothing.
    """
    width = max(map(len, rows)) + 1
    read = filled([[BOUNDARY, *row] for row in rows], width, BOUNDARY)
    said = filled([[*row, BOUNDARY] for row in rows], width, NOT_ASKED)
    return read, said


def spelt(ids: Sequence[int], words: Sequence[str]) -> list[str]:
    """The words of ids, as far as one is asked for."""
    return [words[i] for i in ids if i != NOT_ASKED]
