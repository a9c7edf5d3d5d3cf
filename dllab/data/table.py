"""Tables of the user's own: what stands in each column of a CSV file, found out in one pass and little memory.

A hundred megabytes are read in chunks of rows; of a column of numbers a number a row is kept, of a column of words a
small whole number a row.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import isfinite
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dllab.data.table_text import EMPTY, TableError, Text, text_of

__all__ = ["Column", "Kind", "Table", "TableError", "number_of", "read_table", "truths"]

Kind = Literal["number", "boolean", "category", "date", "text", "empty"]

Words = dict[str, tuple[int, str] | None]

CHUNK = 20_000  # rows
CELLS = 400_000  # of a chunk at most
MOST_COLUMNS = 10_000
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

    `missing`: the rows without a value. Text with too many words has no codes. `stranger`: the line and text of the first
    word in a column that is mostly numbers.
    """

    name: str
    kind: Kind
    missing: NDArray[np.int64]
    numbers: NDArray[np.float64] | None = None
    codes: NDArray[np.int32] | None = None
    words: tuple[str, ...] = ()
    stranger: tuple[int, str] | None = None

    @property
    def whole(self) -> bool:
        """Whether all its values are whole numbers."""
        return self.numbers is not None and bool(np.all(np.isnan(self.numbers) | (np.floor(self.numbers) == self.numbers)))


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
        return self.at(int(self.lines[row]), name)

    def at(self, line: int, name: str) -> str:
        """The cell of a line of the file, as messages name it."""
        return f"{self.text.label}, line {line}, column {name!r}"


def read_table(path: str, delimiter: str | None = None, categories: Sequence[str] = ()) -> Table:
    """Read a CSV file; `-` is standard input. `categories`: columns whose numbers are names.

    Raises TableError for what is no table: no rows, rows of different lengths, two columns of one name.
    """
    text = text_of(path, delimiter)
    reader = _Reader(text, dict.fromkeys(categories))
    reader.read()
    table = reader.table()
    if not reader.strangers:
        return table
    again = _Reader(text, {**reader.strangers}, only=reader.strangers)  # they begin with numbers and go on with words
    again.read()
    found = {column.name: column for column in again.table().columns}
    return replace(table, columns=tuple(found.get(column.name, column) for column in table.columns))


class _Reader:
    """One pass over the text.

    `words`: columns that are read as words, each with its first word if it begins with numbers; None: one that shall hold
    words. `only`: the columns that are read. `strangers`: the first words of columns that turned out to begin with numbers.
    """

    def __init__(self, text: Text, words: Words, only: Collection[str] | None = None) -> None:
        self.text, self.words, self.only = text, words, only
        self.strangers: dict[str, tuple[int, str]] = {}
        self.names: list[str] = []
        self.header = True
        self._gathered: dict[str, _Numbers | _Words] = {}
        self._lines: list[NDArray[np.int64]] = []
        self._notes: list[str] = list(text.notes)

    def read(self) -> None:
        """Go through all rows."""
        rows = self.text.rows()
        try:
            first = next(rows, None)
            if first is None:
                raise TableError(f"{self.text.label} is empty", EMPTY)
            held = self._head(*first)
            size = max(1, min(CHUNK, CELLS // len(self.names)))
            while chunk := [*held, *islice(rows, size)]:
                held = []
                self._take(chunk)
        except UnicodeError as error:
            reason = getattr(error, "reason", error)
            raise TableError(
                f"{self.text.label} is no text of {self.text.encoding}: {reason}", "save it as UTF-8"
            ) from None
        except OSError as error:
            raise TableError(
                f"{self.text.label} cannot be read: {error.strerror or error}", "try again, or get the file anew"
            ) from None
        if not self._lines:
            raise TableError(f"{self.text.label} has a line of names and no rows", EMPTY)

    def _head(self, line: int, row: list[str]) -> list[tuple[int, list[str]]]:
        """Take the first row as names; where a number stands in it, it is data, and columns are counted."""
        cells = [cell.strip() for cell in row]
        if len(cells) > MOST_COLUMNS:
            problem = f"{self.text.label}, line {line}: {len(cells):,} columns"
            raise TableError(problem, f"a table has at most {MOST_COLUMNS:,}; take some out of the file")
        if any(number_of(cell) is not None for cell in cells if cell):
            self.header = False
            self.names = [f"column{i}" for i in range(1, len(row) + 1)]
            self._notes.append(f"its first line holds numbers, so it has no line of names: they are {_listed(self.names)}")
            return [(line, row)]
        for i, cell in enumerate(cells):
            if not cell:
                cells[i] = f"column{i + 1}"
                self._notes.append(f"column {i + 1} has no name; it is called {cells[i]}")
        places: dict[str, int] = {}
        for i, cell in enumerate(cells):
            if places.setdefault(cell, i) != i:
                raise TableError(
                    f"{self.text.label}, line {line}: columns {places[cell] + 1} and {i + 1} are both called {cell!r}",
                    "rename one of them in the file",
                )
        self.names = cells
        return []

    def _take(self, chunk: list[tuple[int, list[str]]]) -> None:
        width = len(self.names)
        lines, rows = zip(*chunk)
        if set(map(len, rows)) != {width}:
            raise self._ragged(*next((line, row) for line, row in chunk if len(row) != width))
        before = sum(len(lines) for lines in self._lines)
        self._lines.append(np.array(lines, np.int64))
        for name, cells in zip(self.names, zip(*rows, strict=True)):
            if (self.only is not None and name not in self.only) or name in self.strangers:
                continue
            if name not in self._gathered:
                self._gathered[name] = _Words() if name in self.words else _Numbers(self.text.delimiter != ",")
            stranger = self._gathered[name].add(cells, before)
            if stranger is not None and before:
                self.strangers[name] = stranger
            elif stranger is not None:
                self.words[name] = stranger
                self._gathered[name] = _Words()
                self._gathered[name].add(cells, before)

    def _ragged(self, line: int, row: list[str]) -> TableError:
        """What is told of a row of another length."""
        width = len(self.names)
        fields = "1 field" if len(row) == 1 else f"{len(row)} fields"
        problem = f"{self.text.label}, line {line}: {fields}, where the first line has {width}"
        if len(row) < width:
            lacking = _listed([repr(name) for name in self.names[len(row) :]], 3)
            return TableError(f"{problem}: nothing for {lacking}", "a value that is missing is an empty field")
        return TableError(f"{problem}: {_cut(row[width])} is too much", "a field that holds the delimiter stands in quotes")

    def table(self) -> Table:
        """What was read."""
        lines = np.concatenate(self._lines)
        columns = []
        for name in self.names:
            if name in self._gathered:
                gathered, stranger = self._gathered[name], self.words.get(name)
                named = name in self.words and stranger is None
                stranger = stranger and (int(lines[stranger[0]]), stranger[1])
                columns.append(gathered.column(name, named, len(lines), stranger))
                if isinstance(gathered, _Numbers) and gathered.commas and name not in self.strangers:
                    self._notes.append(f"{name} has decimal commas: {gathered.commas} is read as a number")
        notes = [*self._notes, *(f"{c.name} counts the rows" for c in columns if _counts(c))]
        return Table(self.text, tuple(columns), lines, self.header, tuple(notes))


class _Numbers:
    """A column of numbers so far. `comma`: 3,5 may mean 3.5."""

    def __init__(self, comma: bool) -> None:
        self.comma = comma
        self.commas = ""  # the first number with a decimal comma
        self._parts: list[NDArray[np.float64]] = []

    def add(self, cells: Sequence[str], before: int) -> tuple[int, str] | None:
        """Take these cells, the first of which is row `before`. Returns the row and text of the first word among them."""
        try:
            numbers = np.fromiter(map(float, cells), np.float64, len(cells))
            together = "".join(cells)
            plain = bool(np.isfinite(numbers).all()) and together.isascii() and "_" not in together  # as in ODD
        except ValueError:
            plain = False
        if not plain:
            found = [number_of(cell.strip(), self.comma) for cell in cells]
            lacking = [i for i, number in enumerate(found) if number is None]
            for i in lacking:
                if cells[i].strip().lower() not in MISSING:
                    return before + i, cells[i].strip()
            if self.comma and not self.commas:
                self.commas = next((cell.strip() for cell in cells if "," in cell), "")
            numbers = np.array([np.nan if number is None else number for number in found])
        self._parts.append(numbers)
        return None

    def column(self, name: str, named: bool, rows: int, stranger: tuple[int, str] | None) -> Column:
        """The column."""
        numbers = np.concatenate(self._parts)
        missing = np.flatnonzero(np.isnan(numbers))
        kind: Kind = "empty" if len(missing) == rows else "number"
        return Column(name, kind, missing, numbers=numbers)


class _Codes(dict[str, int]):
    """The code of every cell so far: that of its word in `known`, or -1 for a missing value."""

    def __init__(self, known: dict[str, int]) -> None:
        super().__init__()
        self.known = known

    def __missing__(self, cell: str) -> int:
        word = cell.strip()
        code = -1 if word.lower() in MISSING else self.known.setdefault(word, len(self.known))
        self[cell] = code
        return code


class _Words:
    """A column of words: each is kept once."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.int32]] = []
        self._missing: list[NDArray[np.int64]] = []
        self._known: dict[str, int] = {}
        self._codes = _Codes(self._known)
        self._many = False

    def add(self, cells: Sequence[str], before: int) -> tuple[int, str] | None:
        """Take these cells."""
        if self._many:
            lacking = [before + i for i, cell in enumerate(cells) if cell.strip().lower() in MISSING]
            self._missing.append(np.array(lacking, np.int64))
            return None
        codes = np.fromiter(map(self._codes.__getitem__, cells), np.int32, len(cells))
        self._missing.append(before + np.flatnonzero(codes < 0))
        self._many = len(self._known) > MOST_WORDS
        if self._many:
            self._parts.clear()
            return None
        self._parts.append(codes)
        if len(self._codes) > 2 * MOST_WORDS:  # the same words among ever other spaces
            self._codes = _Codes(self._known)
        return None

    def column(self, name: str, named: bool, rows: int, stranger: tuple[int, str] | None) -> Column:
        """The column, its words in order."""
        missing = np.concatenate(self._missing)
        if stranger is not None and sum(number_of(word) is not None for word in self._known) <= len(self._known) / 2:
            stranger = None
        if self._many:
            return Column(name, "text", missing, stranger=stranger)
        words = sorted(self._known, key=_order)
        place = np.empty(len(words) + 1, np.int32)
        place[[self._known[word] for word in words]] = np.arange(len(words))
        place[-1] = -1  # that of a missing value, whose code is -1
        codes = place[np.concatenate(self._parts)]
        kind = "category" if named else _kind(words, rows - len(missing))
        return Column(name, kind, missing, codes=codes, words=tuple(words), stranger=stranger)


def _kind(words: list[str], rows: int) -> Kind:
    if not words:
        return "empty"
    if truths(words):
        return "boolean"
    if all(DATE.fullmatch(word) for word in words):
        return "date"
    if len(words) > MOST_CATEGORIES or (rows >= FEW_ROWS and len(words) > rows / 2):
        return "text"
    return "category"


def truths(words: Sequence[str]) -> bool:
    """Whether words say true and false, in large or small letters."""
    return {word.lower() for word in words} in TRUTHS


def number_of(text: str, comma: bool = False) -> float | None:
    """A cell as a number; None where it is none, or missing, or as large as no number is."""
    if text.lower() in MISSING or ODD.search(text):
        return None
    try:
        number = float(text)
        return number if isfinite(number) else None
    except ValueError:
        pass
    if comma and text.count(",") == 1 and "." not in text:
        return number_of(text.replace(",", "."))
    return None


def _order(word: str) -> tuple[int, float, str]:
    """Numbers among the words by size, before the others."""
    number = number_of(word)
    return (1, 0.0, word) if number is None or np.isnan(number) else (0, number, word)


def _counts(column: Column) -> bool:
    """Whether a column only numbers the rows: what a program added that wrote the file."""
    numbers: Any = column.numbers
    if numbers is None or len(numbers) < 3 or numbers[0] not in (0, 1):
        return False
    return bool(np.array_equal(numbers, numbers[0] + np.arange(len(numbers))))


def _listed(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[: most - 1])}, ... {names[-1]}"


def _cut(text: str, most: int = 30) -> str:
    return repr(text if len(text) <= most else text[: most - 1] + "…")


def _meant(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    return f"its columns are {_listed(known, 12)}" + (f". Did you mean {close[0]!r}?" if close else "")
