"""A CSV file of the user's own as a data set."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dllab.catalogue import FilePath
from dllab.data.dataset import Dataset, ScaledTargets
from dllab.data.encoding import Encoding, Feature, Missing, class_words, fill_of
from dllab.data.subset import Only, places
from dllab.data.table import Column, Table, TableError, read_table
from dllab.data.table_text import STANDARD_INPUT, digest_of

MOST_CLASSES = 10
"""A target of whole numbers with no more different ones than these, each in a few rows, is taken for classes."""
ROWS_A_CLASS = 3
NAMED = 6
USABLE = "choose a column of numbers, or one of not too many words: classes"
RULES = "say what to do: missing: drop_rows, mean, median, most_frequent or category"

Names = Annotated[tuple[str, ...], Field(max_length=10_000)]


class Csv(ScaledTargets):
    """A CSV file: a line of names, then a line for each row. `target` names the column to be predicted.

    Delimiter (comma, semicolon, tab, bar), encoding (UTF-8, UTF-16, else Windows-1252) and what stands in each column are
    found out; `dllab datasets show FILE` tells what was understood. Numbers stay numbers, a column of some words becomes
    a number for each word (one-hot), yes/no and true/false become 0 and 1. Dates and free text are refused by name: leave
    them out with `drop`. A missing value (an empty field, NA, NaN, null, None, ?, -) is refused with its line and column
    unless `missing` says what to do. Figures that fill gaps are those of the training rows.

        data: {csv: houses.csv, target: price}
        data: {csv: houses.csv, target: price, drop: [address], missing: median}

    Options:

    - csv: the file, counted from the recipe's folder; `-` is standard input.
    - target: the column to predict.
    - features: the columns to learn from; left out, all others.
    - drop: columns to leave out.
    - categories: columns whose numbers are names: postcodes, say.
    - missing: what to do about missing values: refuse, drop_rows, mean, median, most_frequent, or category: a category of
      its own, and the mean for numbers.
    - task: classification or regression; left out, a target of words or of at most 10 different whole numbers means
      classes.
    - delimiter: one character; left out, comma, semicolon, tab or bar, whichever the file has.
    - standardise: as for every source, and true by default.

    Source: RFC 4180 for the format.
    """

    name = "csv"
    main: ClassVar[str | None] = "csv"
    csv: Annotated[str, FilePath()]
    target: str
    features: Names = ()
    drop: Names = ()
    categories: Names = ()
    missing: Missing = "refuse"
    task: Literal["classification", "regression"] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    standardise: bool = True

    def stamp(self) -> tuple[int, ...]:
        """The content of the file, as a number."""
        return () if self.csv == STANDARD_INPUT else file_stamp(self.csv)

    def generate(self) -> Dataset:
        """(N, F) float32, categories spread out; the target as labels or values."""
        table = read_table(self.csv, self.delimiter, self.categories)
        for name in (self.target, *self.features, *self.drop, *self.categories):
            table.column(name)
        if self.missing == "drop_rows":
            table = _without_gaps(table, [*self._wanted(table), self.target])
        choice = self._choice(table)
        if self.only is not None and choice.classes:
            table, choice = _of_classes(table, choice, self.only)
        targets = choice.encode_targets(table)
        draft = self._dataset(table, choice, np.zeros((table.rows, 1), np.float32), targets)
        train = self.few(draft, self._split(draft)).train
        choice = dataclasses.replace(choice, features=tuple(self._feature(c, train) for c in self._inputs(table)))
        return self._dataset(table, choice, choice.encode(table), targets)

    def _dataset(self, table: Table, choice: Encoding, inputs: NDArray[np.float32], targets: NDArray[Any]) -> Dataset:
        return Dataset(
            name=table.text.label.replace("\\", "/").rpartition("/")[2],
            columns={"inputs": inputs, "targets": targets},
            task="classification" if choice.classes else "regression",
            classes=choice.classes,
            features=choice.names if inputs.shape[1] == len(choice.names) else tuple("x" * inputs.shape[1]),
            fixed_test=None,
            about=f"{table.rows:,} rows of {table.text.label}; target {self.target}.",
            encoding=choice,
        )

    def _choice(self, table: Table) -> Encoding:
        """The encoding, its features still to come."""
        column = table.column(self.target)
        if len(column.missing):
            where = table.where(int(column.missing[0]), self.target)
            raise TableError(f"{where}: no value, and this is the target", "remove the row, or write missing: drop_rows")
        task = self.task or task_of(column)
        if column.kind == "text" or (task == "regression" and column.numbers is None):
            refuse_stranger(table, column)
        if task == "regression" and column.numbers is None:
            raise TableError(
                f"{table.text.label}: the target {self.target!r} holds words; regression needs numbers", USABLE
            )
        if task == "regression":
            return Encoding((), self.target, ())
        if column.kind in ("date", "text"):
            raise TableError(f"{table.text.label}: the target {self.target!r} holds {said(column)}, no classes", USABLE)
        classes = class_words(column)
        if len(classes) < 2:
            raise TableError(
                f"{table.text.label}: the target {self.target!r} is always {classes[0]!r}", "choose another target"
            )
        return Encoding((), self.target, classes)

    def _wanted(self, table: Table) -> list[str]:
        chosen = [name for name in (self.features or table.names) if name not in (self.target, *self.drop)]
        if not chosen:
            raise TableError(
                f"{table.text.label}: no column is left to learn from", "leave fewer out, or name some: features: [...]"
            )
        return chosen

    def _inputs(self, table: Table) -> list[Column]:
        columns = [table.column(name) for name in self._wanted(table)]
        refused = [column for column in columns if column.kind in ("date", "text", "empty")]
        if refused:
            for column in refused:
                refuse_stranger(table, column)
            told = [f"{column.name!r} holds {said(column)}" for column in refused[:NAMED]]
            names = ", ".join(column.name for column in refused[:NAMED]) + (", ..." if len(refused) > NAMED else "")
            raise TableError(f"{table.text.label}: {'; '.join(told)}", f"leave out what cannot be used: drop: [{names}]")
        for column in columns if self.missing == "refuse" else ():
            if len(column.missing):
                raise TableError(_gaps(table, columns), RULES)
        return columns

    def _feature(self, column: Column, train: NDArray[np.int64]) -> Feature:
        fill = fill_of(column, self.missing, train)
        if column.kind == "category":
            words = column.words if fill is None or fill in column.words else (*column.words, str(fill))
            return Feature(column.name, "category", words, fill)
        if column.kind == "boolean":
            words = tuple(sorted({word.lower() for word in column.words}))
            return Feature(column.name, "boolean", words, None if fill is None else str(fill).lower())
        return Feature(column.name, "number", (), fill)


def _of_classes(table: Table, choice: Encoding, wanted: Only) -> tuple[Table, Encoding]:
    """The rows of some classes, before anything is measured on them: no other row may fill a gap."""
    chosen = places(table.text.label, choice.classes, wanted)
    keep = np.isin(choice.encode_targets(table), chosen)
    return table_of_rows(table, keep), dataclasses.replace(choice, classes=tuple(choice.classes[i] for i in chosen))


def task_of(column: Column) -> Literal["classification", "regression"]:
    """What predicting a column is, unless the recipe says otherwise."""
    if column.numbers is None:
        return "classification"
    kinds = len(np.unique(column.numbers[~np.isnan(column.numbers)])) if column.whole else 0
    few = 0 < kinds <= MOST_CLASSES and kinds * ROWS_A_CLASS <= len(column.numbers)
    return "classification" if few else "regression"


def said(column: Column) -> str:
    """What stands in a column that cannot be used."""
    example = f", such as {column.words[0]!r}" if column.words else ""
    kinds = {"date": f"dates{example}", "empty": "no value at all"}
    return kinds.get(column.kind, f"free text ({len(column.words) or 'more than 10,000'} different words{example})")


def file_stamp(path: str) -> tuple[int, ...]:
    """A number that stands for the content of a file."""
    return (int.from_bytes(digest_of(path)),)


def refuse_stranger(table: Table, column: Column) -> None:
    """Names the first word of a column that cannot be used, where most of it are numbers."""
    if column.stranger is not None:
        line, word = column.stranger
        problem = f"{table.at(line, column.name)}: {word[:30]!r} is no number, and most of the column are"
        raise TableError(problem, "mend the cell, or leave it empty; drop: leaves a column out")


def _gaps(table: Table, columns: list[Column]) -> str:
    lacking = [column for column in columns if len(column.missing)]
    first = min(lacking, key=lambda column: int(column.missing[0]))
    counts = ", ".join(f"{column.name} {len(column.missing)}" for column in lacking[:NAMED])
    left = len(lacking) - NAMED
    more = f" and {left} more {'column' if left == 1 else 'columns'}" if left > 0 else ""
    return f"{table.where(int(first.missing[0]), first.name)}: no value; missing in all: {counts}{more}"


def _without_gaps(table: Table, names: list[str]) -> Table:
    """The rows that have a target, and a value in every column that is used."""
    keep = np.ones(table.rows, bool)
    for name in names:
        column = table.column(name)
        if column.kind != "empty":
            keep[column.missing] = False
    if not keep.any():
        raise TableError(
            f"{table.text.label}: every row lacks a value, so missing: drop_rows leaves none", "fill gaps: missing: median"
        )
    return table_of_rows(table, keep)


def table_of_rows(table: Table, keep: NDArray[np.bool_]) -> Table:
    """Some rows of a table; words that no longer occur are forgotten."""
    columns = tuple(_column_of_rows(column, keep) for column in table.columns)
    return dataclasses.replace(table, columns=columns, lines=table.lines[keep])


def _column_of_rows(column: Column, keep: NDArray[np.bool_]) -> Column:
    place = np.cumsum(keep) - 1
    missing = place[column.missing[keep[column.missing]]]
    if column.numbers is not None:
        return dataclasses.replace(column, missing=missing, numbers=column.numbers[keep])
    if column.codes is None:
        return dataclasses.replace(column, missing=missing)
    codes = column.codes[keep]
    left = np.unique(codes[codes >= 0])
    renamed = np.full(len(column.words) + 1, -1, np.int32)
    renamed[left] = np.arange(len(left))
    return dataclasses.replace(column, missing=missing, codes=renamed[codes], words=tuple(column.words[i] for i in left))
