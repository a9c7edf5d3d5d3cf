"""Neighbours: which words have vectors like that of a word, or of a sum of words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dllab.data import word_vectors as shipped
from dllab.lab import word_vectors
from dllab.lab.word_vectors import Overlap, Vectors

if TYPE_CHECKING:
    from dllab.runs.opened import Opened

SAMPLE = "glove10k"
"""What the vectors that come with the lab are called."""

KINDS = ("embedding", "skip_gram", "cbow", "glove")
"""Layers whose `w` has a vector for every word."""
SIGNS = {"+": 1.0, "-": -1.0}
NOTHING = 1e-6
"""Sums of vectors of length 1 that are shorter are nothing but rounding."""
FEWEST_NUMBERS = 5
"""Numbers 0, 1, 2, ... of which circles are looked for."""


class NoVectors(ValueError):
    """A net that has no vectors of words."""


class UnknownWord(ValueError):
    """A question with a word that has no vector."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class NoDirection(ValueError):
    """A question whose words cancel out, or whose word has a vector of zeros: everything is as near as anything."""

    def __init__(self, question: str) -> None:
        super().__init__(question)
        self.question = question


@dataclass(frozen=True, eq=False)
class Table:
    """Vectors (V, F) of V words. `source`: whose they are, a run or the sample; `name`: of the array in the net."""

    source: str
    name: str
    words: tuple[str, ...]
    vectors: Vectors

    def rank(self, word: str, other: str) -> int:
        """Which place `other` has among the words nearest to `word`: 1 is the nearest. Raises UnknownWord."""
        for one in (word, other):
            if one not in self.words:
                raise UnknownWord(one)
        units, row, to = word_vectors.unit(self.vectors), self.words.index(word), self.words.index(other)
        nearer = units @ units[row] > units[to] @ units[row]
        nearer[[row, to]] = False
        return 1 + int(nearer.sum())


@dataclass(frozen=True)
class Question:
    """Words, each added (1.0) or taken away (-1.0)."""

    terms: tuple[tuple[float, str], ...]

    def __str__(self) -> str:
        (sign, first), *rest = self.terms
        return ("- " if sign < 0 else "") + first + "".join(f" {'-' if s < 0 else '+'} {word}" for s, word in rest)


@dataclass(frozen=True)
class Answer:
    """A question with the nearest words and their cosines, the nearest first."""

    question: Question
    nearest: tuple[tuple[str, float], ...]


def sample() -> Table:
    """The vectors of GloVe that come with the lab. Raises ValueError where their files are damaged."""
    return Table(SAMPLE, "vec", *shipped.glove())


def table_of(opened: Opened) -> Table:
    """The first table of vectors of a run's net. Raises NoVectors where there is none."""
    words = opened.learnt.vocabulary
    for info in opened.network.plan.infos:
        vectors = opened.network.parameters.get(f"{info.path}.w")
        if info.kind in KINDS and vectors is not None and 0 < len(words) == len(vectors):
            return Table(str(opened.folder.path), f"{info.path}.w", words, vectors)
    raise NoVectors(f"the net of {opened.folder.path} has no vectors of words")


def questions(arguments: Sequence[str], words: Collection[str]) -> list[Question]:
    """The questions that words of a command line ask: each word alone, and `a - b + c` as one, quoted or not.

    What is a word as it stands is one, so that the words "+" and "-" can be asked for, too.
    """
    tokens: list[str] = []
    for argument in arguments:
        tokens += [argument] if argument in words and argument not in SIGNS else argument.split()
    found: list[list[tuple[float, str]]] = []
    sign: float | None = None
    for place, token in enumerate(tokens):
        last = place == len(tokens) - 1
        if sign is None and token in SIGNS and not last and (found or token not in words):
            sign = SIGNS[token]
        elif sign is None or not found:
            found.append([(1.0 if sign is None else sign, token)])
            sign = None
        else:
            found[-1].append((sign, token))
            sign = None
    return [Question(tuple(terms)) for terms in found]


def answers(table: Table, asked: Sequence[Question], number: int) -> list[Answer]:
    """The words nearest to each question, its own words left out. Raises UnknownWord and NoDirection."""
    place = {word: row for row, word in enumerate(table.words)}
    units = word_vectors.unit(table.vectors)
    found = []
    for question in asked:
        for _, word in question.terms:
            if word not in place:
                raise UnknownWord(word)
        rows = [place[word] for _, word in question.terms]
        sought = np.sum([sign * units[row] for (sign, _), row in zip(question.terms, rows)], axis=0)
        if np.linalg.norm(sought) < NOTHING:
            raise NoDirection(str(question))
        near = word_vectors.nearest(units, sought, number, rows)
        found.append(Answer(question, tuple((table.words[row], cosine) for row, cosine in near)))
    return found


def against(table: Table, other: Table) -> Overlap:
    """How far the neighbours in two tables agree. Raises ValueError where they have too few words in common."""
    return word_vectors.overlap(table.words, table.vectors, other.words, other.vectors)


def circles(table: Table) -> NDArray[np.float64] | None:
    """The shares of the frequencies 1 .. P // 2 in the vectors of the numbers 0 .. P - 1; None without such words."""
    rows = numbers_in(table.words)
    return word_vectors.circle_power(table.vectors[rows]) if rows else None


def numbers_in(words: Sequence[str]) -> list[int]:
    """The rows of the words 0, 1, 2, ... as far as they go; none where these are too few for circles."""
    place = {word: row for row, word in enumerate(words)}
    rows = [place[text] for text in takewhile(place.__contains__, map(str, count()))]
    return rows if len(rows) >= FEWEST_NUMBERS else []
