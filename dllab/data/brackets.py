"""Brackets: which kind has to be closed next?"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Points, Samples
from dllab.data.steps import symbols_dataset

OPEN, CLOSE = "([{<", ")]}>"


class Brackets(Source):
    """Brackets: y[t] = the kind of the closing bracket that comes next. It closes the last one that is still open.

    A row is a balanced text of brackets such as ( [ ] { ( ) } ), drawn with equal chance among all such texts of `pairs`
    pairs, no more than `depth` of them open at once; kinds are drawn with equal chance. A step is asked only where a
    closing bracket comes next (all others have label -1); its kind then follows from what stands before: it takes a
    stack. Guessing has accuracy 1/kinds and loss ln kinds. Who always closes the bracket that was opened last is right
    wherever one closes at once: without a limit of depth that is p = (pairs + 1) / (2 pairs) of the steps that count, and
    accuracy p + (1 - p) / kinds, 0.775 for the options left alone.

    Options:

    - kinds: kinds of brackets, 1 to 4: ( ), [ ], { }, < >.
    - pairs: pairs of brackets in a row, which has twice as many steps.
    - samples: rows.
    - depth: the most brackets open at once. Left out, there is no limit.

        data: brackets
        data: {name: brackets, kinds: 4, pairs: 20, depth: 6}

    Source: Chomsky and Schuetzenberger 1963, "The algebraic theory of context-free languages"; for nets Hewitt, Hahn,
    Ganguli, Liang and Manning 2020, "RNNs can generate bounded hierarchical languages with optimal memory".
    """

    name = "brackets"
    main = "kinds"
    kinds: Annotated[int, Field(ge=1, le=4)] = 2
    pairs: Annotated[int, Field(ge=1, le=500)] = 10
    samples: Samples = 2000
    depth: Annotated[int, Field(ge=1, le=500)] | None = None

    def generate(self) -> Dataset:
        """Inputs and labels (samples, 2 pairs): ids 0 to kinds - 1 open, those from kinds on close."""
        rows, steps = np.arange(self.samples), 2 * self.pairs
        deepest = min(self.depth or self.pairs, self.pairs)
        up = opening_chances(steps, deepest)
        kinds = self.stream("kinds").integers(0, self.kinds, (self.samples, steps))
        chance = self.stream("rows").random((self.samples, steps))
        inputs = np.empty_like(kinds)
        height, stack = np.zeros(self.samples, np.int64), np.zeros((self.samples, deepest + 1), np.int64)
        for step in range(steps):
            opens = chance[:, step] < up[step, height]
            height = np.where(opens, height, height - 1)
            stack[rows[opens], height[opens]] = kinds[opens, step]
            inputs[:, step] = stack[rows, height] + np.where(opens, 0, self.kinds)
            height = np.where(opens, height + 1, height)
        targets = np.full_like(inputs, -1)
        targets[:, :-1] = np.maximum(inputs[:, 1:] - self.kinds, -1)
        vocabulary = (*OPEN[: self.kinds], *CLOSE[: self.kinds])
        about = f"Close {self.kinds} kind{'s' * (self.kinds > 1)} of brackets in the right order."
        return symbols_dataset(self.name, about, inputs, targets, vocabulary, CLOSE[: self.kinds])


def opening_chances(steps: int, deepest: int) -> Points:
    """The chance that the next bracket opens, by steps done and brackets open, (steps, deepest + 1).

    The share of the ways to the end that begin by opening, so that all balanced texts are equally likely.
    """
    ways = np.zeros(deepest + 3)  # by brackets open, from -1 to deepest + 1; both ends stay 0
    ways[1] = 1.0  # at the end none is open
    chances = np.zeros((steps, deepest + 1))
    for step in reversed(range(steps)):
        opening, closing = ways[2:], ways[:-2]
        total = opening + closing
        np.divide(opening, total, out=chances[step], where=total > 0)
        ways[1:-1] = total  # below 2^1000, which a float64 holds
    return chances
