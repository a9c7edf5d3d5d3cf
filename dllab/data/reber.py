"""The embedded Reber grammar: words whose second symbol decides the last but one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import numpy as np
from pydantic import Field

from dllab.data.dataset import Dataset, Source
from dllab.data.points import Labels, Samples
from dllab.data.steps import BOUNDARY, counted, one_late, symbols_dataset

VOCABULARY = (BOUNDARY, *"BEPSTVX")
Grammar = tuple[dict[str, int], ...]  # for every state: the symbols that may come next, and the state each leads to

INNER: Grammar = (
    {"B": 1},
    {"T": 2, "P": 3},
    {"S": 2, "X": 4},
    {"T": 3, "V": 5},
    {"X": 3, "S": 6},
    {"P": 4, "V": 6},
    {"E": 7},
)


def _embedded() -> Grammar:
    """Two copies of the inner grammar, one between two T, one between two P."""
    states: list[dict[str, int]] = [{"B": 1}, {}]
    last = 2 + 2 * (len(INNER) + 1)
    for outer in "TP":
        start = len(states)
        states[1][outer] = start
        states += [{symbol: start + state for symbol, state in step.items()} for step in INNER]
        states.append({outer: last})
    return (*states, {"E": last + 1}, {BOUNDARY: last + 2})


EMBEDDED = _embedded()
PLAIN: Grammar = (*INNER, {BOUNDARY: len(INNER) + 1})


class Reber(Source):
    """Embedded Reber grammar: what may come next? y[t] = x[t + 1], and a far-off symbol decides the last but one.

    A plain word goes from B to E: B, then T S* X or P T* V, and so on, with two ways at most steps, each taken half of the
    time. An embedded word is B, T or P, a plain word, the same T or P again, E. Rows are words of that kind (12 symbols on
    average), begun, ended and padded by ".", and after every symbol the next one is asked for; padding does not count.

    No net can foresee a choice. Per word there are 7 of them among 13 steps, so that the best loss is 7 ln 2 / 13 = 0.373
    and the best accuracy 9.5/13 = 0.731; without memory of the second symbol 8 ln 2 / 13 = 0.427 and 9/13 = 0.692. Plain
    words have 6 choices among 9 steps: 6 ln 2 / 9 = 0.462 and 6/9. The papers count a word as right when at every step
    the symbols that are allowed get the highest outputs; `dllab.data.reber.allowed` tells which they are. Short words
    come often, so that test rows repeat training rows.

    Options:

    - samples: rows.
    - embedded: false gives plain words, for which little memory does.
    - longest: the most symbols of a word; longer ones are drawn again (1 in 800 at 30).

        data: reber
        data: {name: reber, embedded: false, samples: 500}

    Source: Reber 1967, "Implicit learning of artificial grammars"; embedded: Smith and Zipser 1989, and Hochreiter and
    Schmidhuber 1997, "Long short-term memory", experiment 1.
    """

    name = "reber"
    main = "samples"
    samples: Samples = 2000
    embedded: bool = True
    longest: Annotated[int, Field(ge=9, le=1000)] = 30

    def generate(self) -> Dataset:
        """Inputs, ids of ". word . .", and labels, ids of "word ." and then -1, both (samples, longest + 1)."""
        words, lengths = self._words()
        kind = "an embedded" if self.embedded else "a plain"
        about = f"The next symbol of {kind} Reber word."
        inputs, targets = one_late(words), counted(words, lengths)
        return symbols_dataset(self.name, about, inputs, targets, VOCABULARY, VOCABULARY, lengths=lengths)

    def _words(self) -> tuple[Labels, Labels]:
        """Ids of words and the boundaries after them, (N, longest + 1), and steps, the first boundary included, (N,)."""
        follow, symbol = _tables(EMBEDDED if self.embedded else PLAIN)
        chosen = self.stream("rows")
        words, lengths, found = [], [], 0
        while found < self.samples:
            state = np.zeros(self.samples, np.int64)
            word = np.zeros((self.samples, self.longest + 1), np.int64)
            for step, way in enumerate(chosen.integers(0, 2, word.shape).T):
                word[:, step], state = symbol[state, way], follow[state, way]
            ended = state == len(follow) - 1
            words.append(word[ended])
            lengths.append((word[ended] != 0).sum(axis=1) + 1)
            found += int(ended.sum())
        return np.concatenate(words)[: self.samples], np.concatenate(lengths)[: self.samples]


def _tables(grammar: Grammar) -> tuple[Labels, Labels]:
    """The state after the one or other choice in each state, and the id it yields: (states, 2) both; the end stays."""
    ways = [(list(step.items()) * 2)[:2] for step in grammar] + [[(BOUNDARY, len(grammar))] * 2]
    follow = np.array([[state for _, state in pair] for pair in ways])
    return follow, np.array([[VOCABULARY.index(symbol) for symbol, _ in pair] for pair in ways])


def allowed(sequence: Iterable[str], embedded: bool = True) -> frozenset[str]:
    """The symbols that may follow: {"B"} after "BT", {"."} after a whole word, none where no word begins so.

    `sequence` gives the symbols one by one, with or without the "." that begins a row.
    """
    grammar, state = EMBEDDED if embedded else PLAIN, 0
    for place, symbol in enumerate(sequence):
        if place == 0 and symbol == BOUNDARY:
            continue
        if state == len(grammar) or symbol not in grammar[state]:
            return frozenset()
        state = grammar[state][symbol]
    return frozenset(grammar[state]) if state < len(grammar) else frozenset()
