"""The text of a table: where it comes from, its characters, its delimiter, and rows with the lines they stand on."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import stat
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
FALLBACKS = {"cp1252": "Windows-1252", "latin-1": "Latin-1"}
WORKBOOK = b"PK\x03\x04"
DECLARED = re.compile(r'"?sep=([,;\t|])"?\r?\n', re.IGNORECASE)
"""A first line by which a file tells spreadsheets its delimiter."""
PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}


class TableError(ValueError):
    """A table cannot be read: `problem` says which and where, `hint` what to do."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(f"{problem}; {hint}" if hint else problem)
        self.problem, self.hint = problem, hint


@dataclass(frozen=True)
class Text:
    """A table's text: `label` names it in messages, `encoding` and `delimiter` were found by looking at it.

    `before`: lines that stand before the table. `notes`: what had to be assumed.
    """

    label: str
    path: Path | None  # None: standard input
    encoding: str
    delimiter: str
    before: int = 0
    notes: tuple[str, ...] = ()

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows with the lines they begin on; lines without a character are passed over. Raises TableError."""
        with self._open() as file:
            for _ in range(self.before):
                file.readline()
            reader = csv.reader(file, delimiter=self.delimiter, strict=True)
            line = self.before + 1
            try:
                for row in reader:
                    if row:
                        yield line, row
                    line = self.before + reader.line_num + 1
            except csv.Error as error:
                raise _misquoted(self.label, line, self.before + reader.line_num, str(error)) from None

    def _open(self) -> io.TextIOBase:
        errors = "strict"
        if self.path is None:
            return io.TextIOWrapper(io.BytesIO(standard_input()), self.encoding, errors, newline="")
        return self.path.open(encoding=self.encoding, errors=errors, newline="")


def text_of(path: str, delimiter: str | None = None) -> Text:
    """Find out how a file (`-`: standard input) is written. Raises TableError for what is no table of text."""
    label = "standard input" if path == STANDARD_INPUT else path
    start = start_of(path, label)
    encoding = next((name for bom, name in BOMS if start.startswith(bom)), "utf-8")
    if encoding != "utf-16":
        _refuse_bytes(start, label)
    if not start.strip():
        raise TableError(f"{label} is empty", EMPTY)
    where = None if path == STANDARD_INPUT else Path(path)
    notes: tuple[str, ...] = ()
    if encoding == "utf-8" and not _decodes(where, encoding):
        encoding = next((name for name in FALLBACKS if _decodes(where, name)), "latin-1")
        notes = (f"it is not UTF-8, and read as {FALLBACKS[encoding]}",)
    sample = start.decode(encoding, "replace")
    declared = DECLARED.match(sample)
    if declared is not None:
        return Text(label, where, encoding, delimiter or declared[1], 1, notes)
    return Text(label, where, encoding, delimiter or _delimiter(sample), 0, notes)


def digest_of(path: str) -> bytes:
    """SHA-256 of a file's content; b"" where it is no file that can be read again, or cannot be read at all."""
    try:
        if not os.path.isfile(path):
            return b""
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except (OSError, ValueError):
        return b""


@cache
def standard_input() -> bytes:
    """All that comes from standard input; it can be read only once, so it is kept."""
    if sys.stdin is None or sys.stdin.isatty():
        raise TableError("the data come from standard input, and nothing is piped into it", "dllab COMMAND ... < my.csv")
    return sys.stdin.buffer.read()


def start_of(path: str, label: str) -> bytes:
    """The first bytes of a file (`-`: standard input). Raises TableError for what cannot be read, or only once."""
    if path == STANDARD_INPUT:
        return standard_input()[:SAMPLE]
    try:
        with open(path, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise TableError(f"{label} is a pipe or a device, which can be read only once", "pipe it in and name -")
            return file.read(SAMPLE)
    except FileNotFoundError:
        raise TableError(f"there is no file {label}", COUNTED) from None
    except IsADirectoryError:
        raise TableError(f"{label} is a folder", "name a file in it") from None
    except TableError:
        raise
    except (OSError, ValueError) as error:
        raise TableError(
            f"{label} cannot be read: {getattr(error, 'strerror', None) or error}", "check path and rights"
        ) from None


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


def _refuse_bytes(start: bytes, label: str) -> None:
    for magic, name in PACKED.items():
        if start.startswith(magic):
            raise TableError(f"{label} is packed with {name}, no text", "unpack it first")
    if b"\0" in start:
        hint = "save a workbook as CSV first" if start.startswith(WORKBOOK) else "expected a CSV file"
        raise TableError(f"{label} is no text: it holds bytes that stand in none", hint)
    if start.startswith(WORKBOOK):
        raise TableError(f"{label} is a workbook or an archive, no text", "save the table as CSV first")


def _delimiter(sample: str) -> str:
    """The delimiter with which most of the first rows have as many fields as the very first, and the most of them."""
    complete = sample if "\n" not in sample else sample[: sample.rindex("\n")]
    best, most = ",", (0.0, 1)
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(complete, newline=""), delimiter=delimiter) if row][:SAMPLE_ROWS]
        except csv.Error:
            continue
        counts = [len(row) for row in rows]
        width = counts[0] if counts else 1
        share = counts.count(width) / max(len(counts), 1)
        if width > 1 and (share >= 0.8, width) > (most[0] >= 0.8, most[1]):
            best, most = delimiter, (share, width)
    return best


def _misquoted(label: str, begun: int, line: int, error: str) -> TableError:
    """What the reader says of a row that begins on one line and fails on another."""
    twice = 'a quote inside a quoted field is written twice: ""'
    if "field larger" in error:
        return TableError(
            f"{label}, line {begun}: a field of more than {LONGEST_FIELD:,} characters",
            "is a quote not closed in this row?",
        )
    if "unexpected end of data" in error:
        return TableError(f"{label}, line {begun}: a quote is opened in this row and never closed", f"close it; {twice}")
    if "expected after" in error:
        return TableError(f"{label}, line {line}: text between a closing quote and the next delimiter", twice)
    return TableError(f"{label}, line {line}: {error}", EMPTY)
