"""Tables of the user's own: what stands in each column of a CSV file, found out in one pass and little memory.

A hundred megabytes are read in chunks of rows; of a column of numbers a number a row is kept, of a column of words a
small whole number a row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dllab.data.table_text import EMPTY, TableError, Text, text_of

__all__ = ["Column", "Kind", "Table", "TableError", "read_table"]

Kind = Literal["number", "boolean", "category", "date", "text", "empty"]

CHUNK = 20_000  # rows
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", "#n/a"})
"""What stands for a missing value, in small letters."""
MOST_CATEGORIES = 50
"""A column with more different words than these is text."""
MOST_WORDS = 10_000
"""More different words than these are not even counted."""
FEW_ROWS = 8
TRUTHS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})
DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})( .*)?|\d{1,2}:\d{2}(:\d{2})?"
)
ODD = re.compile(r"_|[^\x00-\x7f]")
"""What Python takes for part of a number and no table means so: 1_000, digits of other scripts."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column. `numbers` (N,) float64, NaN where missing, or `codes` (N,) int32 into `words`, -1 where missing.

    `missing`: the rows without a value. Text with too many words has no codes.
    """

    name: str
    kind: Kind
    missing: NDArray[np.int64]
    numbers: NDArray[np.float64] | None = None
    codes: NDArray[np.int32] | None = None
    words: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether all its values are whole numbers."""
        return self.numbers is not None and bool(np.all(np.isnan(self.numbers) | (self.numbers % 1 == 0)))


@dataclass(frozen=True, eq=False)
class Table:
    """A table: its columns, where each row stands (`lines`), how the file is written, and what was noticed."""

    text: Text
    columns: tuple[Column, ...]
    lines: NDArray[np.int64]
    header: bool
    notes: tuple[str, ...] = field(default=())

    @property
    def rows(self) -> int:
        """N."""
        return len(self.lines)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name. Raises TableError with the names there are."""
        for found in self.columns:
            if found.name == name:
                return found
        raise TableError(f"{self.text.label} has no column {name!r}", _meant(name, self.names))

    def where(self, row: int, name: str) -> str:
        """A cell, as messages name it."""
        return f"{self.text.label}, line {self.lines[row]}, column {name!r}"


def read_table(path: str, delimiter: str | None = None, categories: Sequence[str] = ()) -> Table:
    """Read a CSV file; `-` is standard input. `categories`: columns whose numbers are names.

    Raises TableError for what is no table: no rows, rows of different lengths, two columns of one name.
    """
    text = text_of(path, delimiter)
    words: set[str] = set(categories)
    while True:  # again where a column of numbers turns out to hold words further down
        reader = _Reader(text, words)
        mixed = reader.read()
        if not mixed:
            return reader.table()
        words |= mixed


class _Reader:
    """One pass over the text. `words`: columns that are read as words."""

    def __init__(self, text: Text, words: set[str]) -> None:
        self.text, self.words = text, words
        self.names: list[str] = []
        self.header = True
        self._gathered: list[_Numbers | _Words] = []
        self._lines: list[NDArray[np.int64]] = []
        self._notes: list[str] = []

    def read(self) -> set[str]:
        """Go through all rows; returns the columns that begin with numbers and go on with words."""
        rows = self.text.rows()
        try:
            first = next(rows, None)
            if first is None:
                raise TableError(f"{self.text.label} is empty", EMPTY)
            held = self._head(*first)
            while chunk := [*held, *islice(rows, CHUNK)]:
                held = []
                mixed = self._take(chunk)
                if mixed:
                    return mixed
        except UnicodeDecodeError as error:
            raise TableError(f"{self.text.label} is no text of {self.text.encoding}: {error.reason}") from None
        except OSError as error:
            raise TableError(f"{self.text.label} cannot be read: {error.strerror or error}") from None
        if not self._lines:
            raise TableError(f"{self.text.label} has a line of names and no rows", EMPTY)
        return set()

    def _head(self, line: int, row: list[str]) -> list[tuple[int, list[str]]]:
        """Take the first row as names; where a number stands in it, it is data, and columns are counted."""
        cells = [cell.strip() for cell in row]
        if any(_number(cell) is not None for cell in cells if cell):
            self.header = False
            self.names = [f"column{i}" for i in range(1, len(row) + 1)]
            self._notes.append(f"its first line holds numbers, so it has no line of names: they are {_listed(self.names)}")
            return [(line, row)]
        for i, cell in enumerate(cells):
            if not cell:
                cells[i] = f"column{i + 1}"
                self._notes.append(f"column {i + 1} has no name; it is called {cells[i]}")
        for i, cell in enumerate(cells):
            if cell in cells[:i]:
                first = cells.index(cell) + 1
                raise TableError(
                    f"{self.text.label}, line {line}: columns {first} and {i + 1} are both called {cell!r}",
                    "rename one of them in the file",
                )
        self.names = cells
        return []

    def _take(self, chunk: list[tuple[int, list[str]]]) -> set[str]:
        width = len(self.names)
        for line, row in chunk:
            if len(row) != width:
                raise TableError(
                    f"{self.text.label}, line {line}: {len(row)} fields, where the first line has {width}",
                    "a field that holds the delimiter stands in quotes",
                )
        before = sum(len(lines) for lines in self._lines)
        self._lines.append(np.array([line for line, _ in chunk], np.int64))
        if not self._gathered:
            self._gathered = [
                _Words() if name in self.words else _Numbers(self.text.delimiter != ",") for name in self.names
            ]
        mixed = set()
        for i, cells in enumerate(zip(*(row for _, row in chunk), strict=True)):
            if not self._gathered[i].add(cells, before):
                if before:
                    mixed.add(self.names[i])
                else:
                    self._gathered[i] = _Words()
                    self._gathered[i].add(cells, before)
        return mixed

    def table(self) -> Table:
        """What was read."""
        lines = np.concatenate(self._lines)
        pairs = zip(self.names, self._gathered, strict=True)
        columns = tuple(gathered.column(name, name in self.words, len(lines)) for name, gathered in pairs)
        notes = [*self._notes, *(f"{c.name} counts the rows" for c in columns if _counts(c))]
        return Table(self.text, columns, lines, self.header, tuple(notes))


class _Numbers:
    """A column of numbers so far. `comma`: 3,5 may mean 3.5."""

    def __init__(self, comma: bool) -> None:
        self.comma = comma
        self._parts: list[NDArray[np.float64]] = []
        self._missing: list[int] = []

    def add(self, cells: Sequence[str], before: int) -> bool:
        """Take these cells, the first of which is row `before`; False if one of them is a word."""
        try:
            numbers = np.array([float(cell) for cell in cells])
            plain = not np.isnan(numbers).any() and not ODD.search("".join(cells))
        except ValueError:
            plain = False
        if not plain:
            found = [_number(cell.strip(), self.comma) for cell in cells]
            lacking = [i for i, number in enumerate(found) if number is None]
            if any(cells[i].strip().lower() not in MISSING for i in lacking):
                return False
            self._missing += [before + i for i in lacking]
            numbers = np.array([np.nan if number is None else number for number in found])
        self._parts.append(numbers)
        return True

    def column(self, name: str, named: bool, rows: int) -> Column:
        """The column."""
        missing = np.array(self._missing, np.int64)
        kind: Kind = "empty" if len(missing) == rows else "number"
        return Column(name, kind, missing, numbers=np.concatenate(self._parts))


class _Words:
    """A column of words: each is kept once."""

    def __init__(self) -> None:
        self._codes: list[NDArray[np.int32]] = []
        self._known: dict[str, int] = {}
        self._missing: list[int] = []
        self._many = False

    def add(self, cells: Sequence[str], before: int) -> bool:
        """Take these cells."""
        codes, known = np.empty(len(cells), np.int32), self._known
        for i, cell in enumerate(cells):
            word = cell.strip()
            if word.lower() in MISSING:
                codes[i] = -1
                self._missing.append(before + i)
            elif not self._many:
                codes[i] = known.setdefault(word, len(known))
        self._many = self._many or len(known) > MOST_WORDS
        if not self._many:
            self._codes.append(codes)
        return True

    def column(self, name: str, named: bool, rows: int) -> Column:
        """The column, its words in order."""
        missing = np.array(self._missing, np.int64)
        if self._many:
            return Column(name, "text", missing)
        words = sorted(self._known, key=_order)
        place = np.empty(len(words) + 1, np.int32)
        place[[self._known[word] for word in words]] = np.arange(len(words))
        place[-1] = -1  # that of a missing value, whose code is -1
        codes = place[np.concatenate(self._codes)]
        kind = "category" if named else _kind(words, rows - len(missing))
        return Column(name, kind, missing, codes=codes, words=tuple(words))


def _kind(words: list[str], rows: int) -> Kind:
    if not words:
        return "empty"
    if {word.lower() for word in words} in TRUTHS:
        return "boolean"
    if all(DATE.fullmatch(word) for word in words):
        return "date"
    if len(words) > MOST_CATEGORIES or (rows >= FEW_ROWS and len(words) > rows / 2):
        return "text"
    return "category"


def _number(text: str, comma: bool = False) -> float | None:
    """A cell as a number; None where it is none, or missing."""
    if text.lower() in MISSING or ODD.search(text):
        return None
    try:
        return float(text)
    except ValueError:
        pass
    if comma and text.count(",") == 1 and "." not in text:
        return _number(text.replace(",", "."))
    return None


def _order(word: str) -> tuple[int, float, str]:
    """Numbers among the words by size, before the others."""
    number = _number(word)
    return (1, 0.0, word) if number is None or np.isnan(number) else (0, number, word)


def _counts(column: Column) -> bool:
    """Whether a column only numbers the rows: what a program added that wrote the file."""
    numbers: Any = column.numbers
    return numbers is not None and len(numbers) > 2 and numbers[0] in (0, 1) and bool(np.all(np.diff(numbers) == 1))


def _listed(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[: most - 1])}, ... {names[-1]}"


def _meant(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    return f"its columns are {_listed(known, 12)}" + (f". Did you mean {close[0]!r}?" if close else "")
