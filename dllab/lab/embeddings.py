"""Vectors of words in a plane: the two directions in which they differ most, or the circle that numbers lie on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.data.dataset import Prepared
from dllab.engine.question import INPUTS
from dllab.lab import neighbours
from dllab.lab.chosen import chosen
from dllab.lab.neighbours import Answer, NoDirection, Question, Table, UnknownWord
from dllab.lab.subject import Subject
from dllab.lab.suits import TABLES, Unsuited
from dllab.lab.word_vectors import nearest, unit
from dllab.plan.plan import Plan
from dllab.symbols import DECODER, LENGTHS

AROUND = 8
"""Neighbours that are drawn around a word that was asked for."""
ASKED = 5
"""Words whose neighbours are listed, and how many neighbours each."""
CIRCLE = 5.0
"""Numbers are drawn on the circle of their strongest frequency if that has so many times an even share."""
ORDER = 2.0
"""There is an order in a plane if the odds of its share, s / (1 - s), are so many times those of random vectors."""

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Vectors:
    """A table of vectors and what is known of its net. `counts` (V,): how often each word is read in training, if known.

    `state`: untrained, trained, or "" for vectors that come with the lab. `best_step`: see Subject.
    """

    table: Table
    state: str = ""
    steps: int = 0
    counts: Array | None = None
    best_step: int | None = None


@dataclass(frozen=True, eq=False)
class WordPlane:
    """Words in a plane. `places` (W, 2). `asked`: those that were named. `share`: of how they differ that the plane shows.

    `chance`: that share for random vectors. `frequency`: of the circle, where it is one and not the plane of the largest
    differences. `answers`: nearest words, in all directions.
    """

    vectors: Vectors
    words: tuple[str, ...]
    places: Array
    asked: tuple[str, ...]
    share: float
    chance: float
    frequency: int | None
    answers: tuple[Answer, ...]

    @property
    def odds(self) -> float:
        """How many times the odds of the share are those of random vectors; infinite where a plane shows all."""
        return _odds(self.share) / _odds(self.chance) if self.chance < 1 else 1.0

    @property
    def orderly(self) -> bool:
        """Whether the plane shows more than it would of random vectors."""
        return self.odds >= ORDER


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else np.inf


def vectors_of(subject: Subject, layer: str | None = None) -> Vectors:
    """The first table of vectors of a net, or the one that `layer` names. Raises Unsuited where there is none."""
    name, words, speaks = table_in(subject.network.plan, subject.data, layer)
    vectors = subject.network.parameters[name]
    if not np.isfinite(vectors).all():
        told = f"viz-embeddings: {name} has numbers that are infinite or none: training diverged"
        raise Unsuited(told, "train with a smaller learning rate, or look at it --before")
    ids = subject.data.dataset.columns[DECODER if speaks else INPUTS][subject.data.splits.train]
    table = Table(subject.name, name, words, vectors.copy())
    return Vectors(table, subject.state, subject.steps, _counts(subject, ids, speaks, len(words)), subject.best_step)


def counted(subject: Subject) -> Table:
    """Rows (V, V) of log(1 + X), X being how often a word meets each other one, for a net that learns from such pairs."""
    data, rows = subject.data, subject.data.splits.train
    pairs, words = data.dataset.columns[INPUTS][rows], data.dataset.vocabulary
    met = np.zeros((len(words), len(words)))
    np.add.at(met, (pairs[:, 0], pairs[:, 1]), data.targets(rows)[:, 0])
    return Table(subject.name, "counts", words, np.log1p(met))


def table_in(plan: Plan, data: Prepared, layer: str | None = None) -> tuple[str, tuple[str, ...], bool]:
    """The label of the first table of vectors, or of that in `layer`, its words, and whether a decoder reads them.

    Raises Unsuited where there is none, or none with a vector for every word.
    """
    sizes = {parameter.label: parameter.shape[0] for parameter in plan.parameters if parameter.shape}
    for info in chosen(plan.infos, layer, TABLES):
        speaks = info.input.name == f".{DECODER}"
        words = data.dataset.classes if speaks else data.dataset.vocabulary
        if 0 < len(words) == sizes.get(f"{info.path}.w"):
            return f"{info.path}.w", words, speaks
    hint = "such nets begin with a layer embedding, skip_gram, cbow or glove, and learn from words or other ids"
    raise Unsuited("viz-embeddings: no table of this net has a vector for every word of its data", hint)


def _counts(subject: Subject, ids: Array, speaks: bool, words: int) -> Array:
    """How often each word is read in the training rows; what only pads them is not counted."""
    columns = subject.data.dataset.columns
    if LENGTHS in columns and not speaks and ids.ndim == 2:
        ids = ids[np.arange(ids.shape[1]) < columns[LENGTHS][subject.data.splits.train][:, None]]
    return np.bincount(ids.ravel(), minlength=words)


def plane(vectors: Vectors, asked: Sequence[str] = (), most: int = 40) -> WordPlane:
    """The words asked for with their neighbours, or the most frequent ones: at most `most`. Raises UnknownWord."""
    table = vectors.table
    rows = _asked_rows(table, asked, most) if asked else _usual_rows(vectors, most)
    shown = table.vectors[rows].astype(np.float64)
    numbers = None if asked else neighbours.circles(table)
    frequency = _circle(numbers) if numbers is not None else None
    if frequency is not None and numbers is not None:
        places, share, chance = on_circle(shown, frequency), float(numbers[frequency - 1]), 1 / len(numbers)
    else:
        places, share = largest(shown)
        chance = largest(np.random.default_rng(0).normal(size=shown.shape))[1]
    words = tuple(table.words[row] for row in rows)
    return WordPlane(vectors, words, places, tuple(asked), share, chance, frequency, _answers(table, asked or words))


def _asked_rows(table: Table, asked: Sequence[str], most: int) -> list[int]:
    """The rows of the words that are asked for, and of those near them, shared out evenly."""
    place = {word: row for row, word in enumerate(table.words)}
    for word in asked:
        if word not in place:
            raise UnknownWord(word)
    rows, units = [place[word] for word in dict.fromkeys(asked)], unit(table.vectors)
    near = [nearest(units, units[row], AROUND, [row]) for row in rows]
    for rank in range(AROUND):
        for answers in near:
            if rank < len(answers) and len(rows) < most and answers[rank][0] not in rows:
                rows.append(answers[rank][0])
    return rows


def _usual_rows(vectors: Vectors, most: int) -> list[int]:
    """The most frequent words, as far as that is known; all numbers of which there are circles."""
    table = vectors.table
    if neighbours.circles(table) is not None:
        return [table.words.index(str(number)) for number in range(len(table.words)) if str(number) in table.words]
    if vectors.counts is None:
        return list(range(min(most, len(table.words))))
    return [int(row) for row in np.argsort(-vectors.counts, kind="stable")[:most]]


def _circle(shares: Array) -> int | None:
    """The frequency of the circle on which numbers lie, if one is strong enough."""
    strongest = int(shares.argmax())
    return strongest + 1 if shares[strongest] >= CIRCLE / len(shares) else None


def largest(vectors: Array) -> tuple[Array, float]:
    """Vectors (W, F) in the plane of their first two principal components, (W, 2), and its share of their variance."""
    centred = vectors - vectors.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(vectors), 2))
    known = min(2, len(s))
    places[:, :known] = u[:, :known] * s[:known]
    for column in places.T:  # a direction has no sign of its own: what is furthest out is on the right, and above
        column *= -1 if column[abs(column).argmax()] < 0 else 1
    whole = float((s**2).sum())
    return places, float((s[:2] ** 2).sum()) / whole if whole > 0 else 0.0


def on_circle(vectors: Array, frequency: int) -> Array:
    """Vectors (P, F) of the numbers 0 .. P - 1 in the plane of their cosine and sine waves of a frequency, (P, 2)."""
    centred = vectors - vectors.mean(axis=0)
    angle = 2 * np.pi * frequency * np.arange(len(vectors)) / len(vectors)
    waves = np.stack([np.cos(angle), np.sin(angle)])  # (2, P)
    axes = unit(waves @ centred)
    return np.asarray(centred @ axes.T)


def _answers(table: Table, words: Sequence[str]) -> tuple[Answer, ...]:
    """The nearest words of the first few; none for a vector of zeros."""
    found: list[Answer] = []
    for word in dict.fromkeys(words[:ASKED]):
        try:
            found += neighbours.answers(table, [Question(((1.0, word),))], ASKED)
        except NoDirection:
            continue
    return tuple(found)
