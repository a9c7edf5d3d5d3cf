"""Words hidden from a net, which is to tell them: masked language modelling.

Source: Devlin, Chang, Lee, Toutanova, BERT: pre-training of deep bidirectional Transformers (2018), section 3.1.
"""

from __future__ import annotations

import numpy as np

from dllab.data.sequences import NOT_ASKED, Ids

HIDDEN, CHANGED = 0.8, 0.1
"""Of the chosen words so many become the mask, so many another word; the others stay as they are."""


def masked(windows: Ids, words: int, special: int, share: float, draw: np.random.Generator) -> tuple[Ids, Ids]:
    """Windows (N, T) of ids as a net reads them, and what it is asked: the chosen words, -1 elsewhere.

    Ids below `special` are never chosen; `words` is the id of the mask. A row in which none is chosen has one chosen all
    the same.
    """
    luck = draw.random(windows.shape, np.float32)
    luck[windows < special] = 2.0
    least = np.minimum(luck.min(axis=1, keepdims=True), 1.5)
    chosen = (luck < share) | (luck == least)  # (N, T)
    fate = draw.random(windows.shape, np.float32)
    others = draw.integers(special, words, windows.shape, np.int32)
    seen = np.where(chosen & (fate < HIDDEN), np.int32(words), windows)
    seen = np.where(chosen & (fate >= HIDDEN) & (fate < HIDDEN + CHANGED), others, seen)
    return seen, np.where(chosen, windows, np.int32(NOT_ASKED))
