"""A series of the user's own, from a CSV file with a row for each step in time."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dllab.catalogue import FilePath
from dllab.data.csv import NAMED, Names, file_stamp, refuse_stranger, said
from dllab.data.table import Column, Table, TableError, read_table
from dllab.data.table_text import STANDARD_INPUT
from dllab.data.text_file import label_of
from dllab.data.time_series import TimeSeries, Tracks, filled_forward

SAY = "say what to do: gaps: skip leaves out rows that hold one, gaps: last takes the value before it"


class Series(TimeSeries):
    """Series: a CSV file of your own with a row for each hour, day, month ... in order; what comes next.

    A row reads `window` steps of the past and forecasts the next `horizon` ones. Splits are blocks in time, first what
    trains, then validation, at the end the test; no row reaches over a border. Inputs and targets are standardised by
    what trains; rmse and mae stay in the unit of the file. How the file is written is found out, as for csv.

        data: {series: sales.csv}
        data: {name: series, file: sales.csv, target: sold, features: [sold, price], window: 28, horizon: 7}
        data: {name: series, file: sales.csv, target: sold, difference: 7, gaps: skip}

    Options:

    - file: the file, counted from the recipe's folder; `-` is standard input.
    - target: the column that is forecast; left out, the only one of numbers, columns that count the rows or years
      aside.
    - features: the columns that are read; left out, the target alone.
    - gaps: what to do about missing values: refuse, skip (leave out rows that hold one) or last (take the value before
      it).
    - delimiter: one character; left out, comma, semicolon, tab or bar, whichever the file has.
    - window: steps that are read.

    Source: RFC 4180 for the format; Box and Jenkins 1976, "Time series analysis", for the task.
    """

    name = "series"
    main: ClassVar[str | None] = "file"
    file: Annotated[str, FilePath()]
    target: str | None = None
    features: Names = ()
    gaps: Literal["refuse", "skip", "last"] = "refuse"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None

    def stamp(self) -> tuple[int, ...]:
        """The content of the file, as a number."""
        return () if self.file == STANDARD_INPUT else file_stamp(self.file)

    def label(self) -> str:
        """The name of the file."""
        return label_of(self.file).replace("\\", "/").rpartition("/")[2]

    def tracks(self) -> Tracks:
        """The columns that are read, and the target."""
        table = read_table(self.file, self.delimiter)
        target = table.column(self.target) if self.target is not None else _only(table)
        columns = [table.column(name) for name in self.features] or [target]
        values = [self._numbers(table, column) for column in columns]
        return Tracks(
            np.column_stack(values), tuple(column.name for column in columns), self._numbers(table, target), target.name
        )

    def told(self, tracks: Tracks) -> str:
        """How long it is, and what is forecast."""
        return f"{len(tracks.target):,} steps of {self.label()}; {tracks.target_name} of the next ones is forecast."

    def _numbers(self, table: Table, column: Column) -> NDArray[np.float64]:
        refuse_stranger(table, column)
        if column.numbers is None:
            hint = "name a column of numbers: target: ..., features: [...]"
            what = said(column) if column.kind in ("date", "text", "empty") else "words"
            raise TableError(f"{table.text.label}: the column {column.name!r} holds {what}, no series", hint)
        if len(column.missing) and self.gaps == "refuse":
            where = table.where(int(column.missing[0]), column.name)
            raise TableError(f"{where}: no value; missing in all: {len(column.missing):,}", SAY)
        return filled_forward(column.numbers) if self.gaps == "last" else column.numbers


def _only(table: Table) -> Column:
    """The only column of numbers that does not count. Raises TableError where there are several, or none."""
    found = [column for column in table.columns if column.numbers is not None and column.kind == "number"]
    series = [column for column in found if not _counts(column)] or found
    if not series:
        raise TableError(f"{table.text.label} has no column of numbers", "a series needs one")
    if len(series) > 1:
        names = ", ".join(column.name for column in series[:NAMED]) + (", ..." if len(series) > NAMED else "")
        raise TableError(f"{table.text.label} has {len(series)} columns of numbers", f"name one, target: of {names}")
    return series[0]


def _counts(column: Column) -> bool:
    """Whether a column goes up by the same whole number from row to row: years, or numbers of rows."""
    numbers = column.numbers
    if numbers is None or len(numbers) < 3 or not column.whole:
        return False
    steps = np.diff(numbers)
    return bool(steps[0] > 0 and (steps == steps[0]).all())
