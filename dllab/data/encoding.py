"""How a table becomes numbers: which columns are inputs, how their words are spread out, what fills a gap.

An encoding is made from one table and used on others, whose columns may stand in any order: what a net has learnt from
one file it can be asked about another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dllab.data.table import Column, Table, TableError, number_of, truths

Missing = Literal["refuse", "drop_rows", "mean", "median", "most_frequent", "category"]

GAP = "(missing)"
"""The category of a missing word, with `missing: category`."""
SHOWN = 5
NAMED = 12
LEARNT = "the net has learnt from numbers in this column"
LARGE = "give the column in a larger unit, or leave it out with drop:"


@dataclass(frozen=True)
class Feature:
    """One column of inputs. `words`: its categories, spread over a number each; empty for numbers.

    `fill`: what stands for a missing value (a number or a word); None: a missing value is refused.
    """

    column: str
    kind: Literal["number", "boolean", "category"]
    words: tuple[str, ...] = ()
    fill: float | str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its numbers: `island=Biscoe`."""
        return tuple(f"{self.column}={word}" for word in self.words) if self.kind == "category" else (self.column,)


@dataclass(frozen=True)
class Encoding:
    """How tables become inputs and targets. `target`: its column; `classes`: its words, empty for regression."""

    features: tuple[Feature, ...]
    target: str
    classes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all inputs."""
        return tuple(name for feature in self.features for name in feature.names)

    def encode(self, table: Table) -> NDArray[np.float32]:
        """The inputs (N, F). Raises TableError for a column that is not there, and for the first cell that does not fit."""
        lacking = [feature.column for feature in self.features if feature.column not in table.names]
        if lacking and not table.header:
            names = table.text.delimiter.join([feature.column for feature in self.features][:NAMED])
            more = f" and {len(self.features) - NAMED} more" if len(self.features) > NAMED else ""
            problem = f"{table.text.label} has no line of names, by which its columns are told apart"
            raise TableError(problem, f"put one in front: {names}{more}")
        if lacking:
            table.column(lacking[0])
        parts = [_encoded(feature, table) for feature in self.features]
        return np.hstack(parts) if parts else np.empty((table.rows, 0), np.float32)

    def encode_targets(self, table: Table) -> NDArray[Any]:
        """Labels (N,) int32 or values (N, 1) float32. Raises TableError, as `encode` does."""
        column = table.column(self.target)
        if len(column.missing):
            where = table.where(int(column.missing[0]), column.name)
            raise TableError(f"{where}: no value, and this is the target", "fill it in, or remove the row")
        if not self.classes:
            if column.numbers is None:
                raise TableError(f"{_first(table, column)}: a word, where the target is a number", LEARNT)
            return column.numbers.astype(np.float32)[:, None]
        words, codes = _words(column)
        places = [place_of(word, self.classes) for word in words]
        for code, (word, place) in enumerate(zip(words, places, strict=True)):
            if place is None:
                row = int(np.flatnonzero(codes == code)[0])
                raise TableError(
                    f"{table.where(row, column.name)}: {word!r} is no class of this net",
                    f"its classes are {some(self.classes)}; remove such rows",
                )
        return np.array(places, np.int32)[codes]

    def to_document(self) -> dict[str, Any]:
        """As plain JSON data."""
        features = [{"column": f.column, "kind": f.kind, "words": list(f.words), "fill": f.fill} for f in self.features]
        return {"features": features, "target": self.target, "classes": list(self.classes)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Encoding:
        """What `to_document` wrote. Raises KeyError and TypeError for other documents."""
        features = tuple(Feature(f["column"], f["kind"], tuple(f["words"]), f["fill"]) for f in document["features"])
        return cls(features, document["target"], tuple(document["classes"]))


def plain_encoding(features: Sequence[str], target: str, classes: Sequence[str]) -> Encoding:
    """The encoding of data that came as numbers: a column for each."""
    return Encoding(tuple(Feature(name, "number") for name in features), target, tuple(classes))


def fill_of(column: Column, rule: Missing, rows: NDArray[np.int64]) -> float | str | None:
    """What stands for a missing value of a column, by these (training) rows."""
    if rule in ("refuse", "drop_rows"):
        return None
    if column.numbers is not None:
        known = column.numbers[rows]
        known = known[~np.isnan(known)]
        if not len(known):
            return 0.0
        if rule in ("mean", "category"):  # a number has no category of its own
            return float(known.mean())
        if rule == "median":
            return float(np.median(known))
        values, counts = np.unique(known, return_counts=True)
        return float(values[counts.argmax()])
    if rule == "category" and column.kind == "category":
        return GAP
    assert column.codes is not None
    codes = column.codes[rows]
    codes = codes[codes >= 0]
    return column.words[int(np.bincount(codes).argmax())] if len(codes) else column.words[0]


def class_words(column: Column) -> tuple[str, ...]:
    """The classes that a column of targets holds, in order."""
    return _words(column)[0]


def _encoded(feature: Feature, table: Table) -> NDArray[np.float32]:
    column = table.column(feature.column)
    if len(column.missing) and feature.fill is None:
        raise TableError(
            f"{table.where(int(column.missing[0]), column.name)}: no value",
            "fill it in, or train with missing: mean, median, most_frequent or category",
        )
    if feature.kind == "number":
        return _numbers(feature, column, table)
    words, codes = _words(column)
    if len(codes) < table.rows:
        raise TableError(
            f"{table.text.label}: {column.name!r} holds more words than can be told apart",
            f"so far there were {some(feature.words)}",
        )
    filled = np.where(codes < 0, len(words), codes)
    known = [*words, *([str(feature.fill)] if feature.fill is not None else [])]
    places = [place_of(word, feature.words) for word in known]
    for code, (word, place) in enumerate(zip(known, places, strict=True)):
        if place is None:
            row = int(np.flatnonzero(codes == code)[0])
            raise TableError(
                f"{table.where(row, column.name)}: {word!r} is new", f"so far there were {some(feature.words)}"
            )
    found = np.array(places, np.int64)
    indices = found[filled] if len(found) else filled
    if feature.kind == "boolean":
        return indices.astype(np.float32)[:, None]
    spread = np.zeros((table.rows, len(feature.words)), np.float32)
    spread[np.arange(table.rows), indices] = 1
    return spread


def _numbers(feature: Feature, column: Column, table: Table) -> NDArray[np.float32]:
    if column.kind == "empty":
        numbers = np.full(table.rows, np.nan)
    elif column.numbers is None:
        raise TableError(f"{_first(table, column)}: a word, where a number is expected", LEARNT)
    else:
        numbers = column.numbers
    if feature.fill is not None:
        numbers = np.where(np.isnan(numbers), feature.fill, numbers)
    with np.errstate(over="ignore"):
        values = numbers.astype(np.float32)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise TableError(f"{table.where(row, column.name)}: {numbers[row]} is too large for a number of 32 bits", LARGE)
    return values[:, None]


def _words(column: Column) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Words and codes of a column; numbers are words as well, whole ones without a point."""
    if column.codes is not None:
        return column.words, column.codes
    if column.numbers is None:
        return (), np.empty(0, np.int32)
    values, codes = np.unique(column.numbers, return_inverse=True)
    lacking = np.isnan(column.numbers)
    words = tuple(str(int(v)) if v % 1 == 0 else repr(float(v)) for v in values if not np.isnan(v))
    return words, np.where(lacking, -1, codes).astype(np.int32)


def place_of(word: str, known: Sequence[str]) -> int | None:
    """Which of the known words one is: TRUE is True, 1.0 is 1. None for a new word."""
    if word in known:
        return known.index(word)
    truth = [i for i, other in enumerate(known) if other.lower() == word.lower()] if truths(known) else []
    number = number_of(word, comma=True)
    same = [i for i, other in enumerate(known) if number_of(other, comma=True) == number] if number is not None else []
    found = truth or same
    return found[0] if len(found) == 1 else None


def _first(table: Table, column: Column) -> str:
    """Where the first value of a column stands that is no number."""
    if column.codes is not None:
        words = [i for i, word in enumerate(column.words) if number_of(word, table.text.delimiter != ",") is None]
        rows = np.flatnonzero(np.isin(column.codes, words))
    else:
        rows = np.setdiff1d(np.arange(table.rows), column.missing)
    row = int(rows[0]) if len(rows) else 0
    return table.where(row, column.name) if column.stranger is None else table.at(column.stranger[0], column.name)


def some(words: Sequence[str]) -> str:
    """The first of many words, and how many more there are."""
    return ", ".join(words[:SHOWN]) + (f" and {len(words) - SHOWN} more" if len(words) > SHOWN else "")
