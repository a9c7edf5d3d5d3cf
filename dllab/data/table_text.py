"""The text of a table: where it comes from, its characters, its delimiter, and rows with the lines they stand on."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STANDARD_INPUT = "-"
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE = 1 << 16  # bytes that are looked at to find out what a file is
SAMPLE_ROWS = 50
COUNTED = "a path in a recipe's file counts from the folder of that file, others from the working folder"
EMPTY = "a table has a line of names, then a line for each row"
LONGEST_FIELD = 1 << 17
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
FALLBACK = "cp1252"
WORKBOOK = b"PK\x03\x04"


class TableError(ValueError):
    """A table cannot be read: `problem` says which and where, `hint` what to do."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(f"{problem}; {hint}" if hint else problem)
        self.problem, self.hint = problem, hint


@dataclass(frozen=True)
class Text:
    """A table's text: `label` names it in messages, `encoding` and `delimiter` were found by looking at its start."""

    label: str
    path: Path | None  # None: standard input
    encoding: str
    delimiter: str

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows with the lines they begin on; lines without a character are passed over. Raises TableError."""
        with self._open() as file:
            reader = csv.reader(file, delimiter=self.delimiter, strict=True)
            line = 1
            try:
                for row in reader:
                    if row:
                        yield line, row
                    line = reader.line_num + 1
            except csv.Error as error:
                raise TableError(f"{self.label}, line {reader.line_num}: {_reason(error)}") from None

    def _open(self) -> io.TextIOBase:
        errors = "strict"
        if self.path is None:
            return io.TextIOWrapper(io.BytesIO(standard_input()), self.encoding, errors, newline="")
        return self.path.open(encoding=self.encoding, errors=errors, newline="")


def text_of(path: str, delimiter: str | None = None) -> Text:
    """Find out how a file (`-`: standard input) is written. Raises TableError for what is no table of text."""
    label = "standard input" if path == STANDARD_INPUT else path
    start = _start(path, label)
    encoding = next((name for bom, name in BOMS if start.startswith(bom)), "utf-8")
    if encoding != "utf-16" and b"\0" in start:
        hint = "save a workbook as CSV first" if start.startswith(WORKBOOK) else "expected a CSV file"
        raise TableError(f"{label} is no text: it holds bytes that stand in none", hint)
    if start.startswith(WORKBOOK):
        raise TableError(f"{label} is a workbook or an archive, no text", "save the table as CSV first")
    if not start.strip():
        raise TableError(f"{label} is empty", EMPTY)
    where = None if path == STANDARD_INPUT else Path(path)
    if encoding == "utf-8" and not _decodes(where, encoding):
        encoding = FALLBACK
    sample = start.decode(encoding, "replace")
    return Text(label, where, encoding, delimiter or _delimiter(sample))


@cache
def standard_input() -> bytes:
    """All that comes from standard input; it can be read only once, so it is kept."""
    if sys.stdin is None or sys.stdin.isatty():
        raise TableError("the data come from standard input, and nothing is piped into it", "dllab COMMAND ... < my.csv")
    return sys.stdin.buffer.read()


def _start(path: str, label: str) -> bytes:
    if path == STANDARD_INPUT:
        return standard_input()[:SAMPLE]
    try:
        with open(path, "rb") as file:
            return file.read(SAMPLE)
    except FileNotFoundError:
        raise TableError(f"there is no file {label}", COUNTED) from None
    except IsADirectoryError:
        raise TableError(f"{label} is a folder", "name a file in it") from None
    except (OSError, ValueError) as error:
        raise TableError(f"{label} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _decodes(path: Path | None, encoding: str) -> bool:
    """Whether all of it is text of that encoding: a name with an accent may stand on the last line."""
    try:
        if path is None:
            standard_input().decode(encoding)
            return True
        with path.open(encoding=encoding, newline="") as file:
            while file.read(1 << 20):
                pass
        return True
    except UnicodeDecodeError:
        return False


def _delimiter(sample: str) -> str:
    """The delimiter with which the first rows have the same number of fields, and the most of them."""
    complete = sample if "\n" not in sample else sample[: sample.rindex("\n")]
    best, most = ",", 1
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(complete, newline=""), delimiter=delimiter) if row][:SAMPLE_ROWS]
        except csv.Error:
            continue
        counts = [len(row) for row in rows]
        usual = max(set(counts), key=counts.count, default=1)
        if usual > most and counts.count(usual) >= 0.8 * len(counts):
            best, most = delimiter, usual
    return best


def _reason(error: csv.Error) -> str:
    text = str(error)
    if "field larger" in text:
        return f"a field of more than {LONGEST_FIELD:,} characters; is a quote not closed?"
    if "unexpected end of data" in text:
        return "a quote is opened and never closed"
    if "expected after" in text:
        return f"{text}; quotes inside a quoted field are written twice"
    return text
