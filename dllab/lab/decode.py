"""What a decoder says: word after word, the likeliest of each step (greedy), or the likeliest answer of several (beam).

A beam keeps the `beam` likeliest beginnings of every row. One that says the boundary is an answer, and leaves the beam.
Answers are judged by the mean of log p over their words and the boundary behind them: a plain sum would favour short
ones. With a beam of 1 that is greedy decoding; a beam as large as there are answers finds the best of all.

Source: Sutskever, Vinyals, Le, Sequence to sequence learning with neural networks (2014), for the beam; Wu et al.,
Google's neural machine translation system (2016), for judging by length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
LogProbabilities = Callable[[Ids, NDArray[np.int64], int], NDArray[np.float64]]
"""From a decoder's inputs (M, S), the row that each belongs to (M,), and a step: log p (M, K) of what is said there."""
BOUNDARY = 0


@dataclass(frozen=True)
class Answer:
    """One answer: its ids without the boundary, log p of all of it, whether it came to its end, and its score."""

    ids: tuple[int, ...]
    log_p: float
    ended: bool

    @property
    def score(self) -> float:
        """The mean of log p over what was said, the boundary among it."""
        return self.log_p / max(len(self.ids) + self.ended, 1)


@dataclass(frozen=True)
class _Beginning:
    ids: tuple[int, ...]
    log_p: float


def decode(log_p: LogProbabilities, rows: int, steps: int, beam: int = 1) -> list[list[Answer]]:
    """The answers to each row, the best first, at most `beam`. An answer of `steps` words is cut off there.

    The decoder's first input is the boundary, then what was said. All beginnings of all rows are asked about together.
    """
    open_rows = [[_Beginning((), 0.0)] for _ in range(rows)]
    found: list[list[Answer]] = [[] for _ in range(rows)]
    for step in range(steps):
        asked = [(row, beginning) for row, beginnings in enumerate(open_rows) for beginning in beginnings]
        if not asked:
            break
        said = log_p(_inputs([beginning for _, beginning in asked], steps), np.array([row for row, _ in asked]), step)
        at = 0
        for row, beginnings in enumerate(open_rows):
            block = said[at : at + len(beginnings)]
            at += len(beginnings)
            open_rows[row] = _grown(beginnings, block, beam, found[row])
            if _settled(open_rows[row], found[row], steps, beam):
                open_rows[row] = []
    for row, beginnings in enumerate(open_rows):
        found[row] += [Answer(beginning.ids, beginning.log_p, ended=False) for beginning in beginnings]
    return [sorted(answers, key=lambda answer: -answer.score)[:beam] for answers in found]


def _inputs(beginnings: list[_Beginning], steps: int) -> Ids:
    """What the decoder reads (M, S): the boundary, what was said, and boundaries."""
    read = np.full((len(beginnings), steps), BOUNDARY, np.int32)
    for row, beginning in zip(read, beginnings):
        row[1 : 1 + len(beginning.ids)] = beginning.ids[: steps - 1]
    return read


def _grown(beginnings: list[_Beginning], said: NDArray[np.float64], beam: int, found: list[Answer]) -> list[_Beginning]:
    """The likeliest beginnings with one word more; those that end there go to `found`."""
    if not beginnings:
        return []
    total = np.array([beginning.log_p for beginning in beginnings])[:, None] + said  # (M, K)
    best = np.argsort(-total, axis=None, kind="stable")[:beam]
    grown = []
    for place in best.tolist():
        row, word = divmod(place, said.shape[1])
        beginning, log_p = beginnings[row], float(total[row, word])
        if not np.isfinite(log_p):
            continue
        if word == BOUNDARY:
            found.append(Answer(beginning.ids, log_p, ended=True))
        else:
            grown.append(_Beginning((*beginning.ids, word), log_p))
    return grown


def _settled(beginnings: list[_Beginning], found: list[Answer], steps: int, beam: int) -> bool:
    """Whether no beginning can come to a better answer than those found: log p only falls, over `steps` words at most."""
    if len(found) < beam or not beginnings:
        return False
    worst = sorted((answer.score for answer in found), reverse=True)[beam - 1]
    return max(beginning.log_p for beginning in beginnings) / steps <= worst
