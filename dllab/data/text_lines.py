"""Files of short texts: one a line, or a CSV file with a column of them."""

from __future__ import annotations

from typing import NamedTuple

from dllab.data.table_text import TableError, Text, text_of
from dllab.data.text_file import label_of, read_text

TEXT, TARGET = "text", "target"
"""The columns of texts, and of what a net is to say of them."""
SOME = 8


class TextLine(NamedTuple):
    """A text and the line it stands on, counted from 1. `target`: what a net is to say of it, where the file tells."""

    line: int
    text: str
    target: str | None = None


class Texts(NamedTuple):
    """The texts of a file, without empty lines. `label` names the file in messages."""

    label: str
    lines: list[TextLine]


def read_texts(path: str, *, wanted: bool = False) -> Texts:
    """The texts of a file (`-`: standard input). Raises TableError.

    A file `.csv`, or any with a first line that names the columns text and target, is a table; else each line is a text.
    `wanted`: a table must have targets.
    """
    if path.endswith(".csv"):
        return _table(text_of(path), wanted)
    lines = read_text(path).split("\n")
    if {name.strip().lower() for name in lines[0].replace("\t", ",").replace(";", ",").split(",")} == {TEXT, TARGET}:
        return _table(text_of(path), wanted)
    return Texts(label_of(path), [TextLine(line, text) for line, text in enumerate(lines, 1) if text.strip()])


def _table(source: Text, wanted: bool) -> Texts:
    """The texts of a table: of its column `text`, or of its only one."""
    names = [name.strip().lower() for name in next((row for _, row in source.rows()), [])]
    if TEXT in names:
        found = _column(source, names, wanted)
    elif len(names) > 1:
        problem = f"{source.label} has no column {TEXT!r}; it has {', '.join(names[:SOME])}"
        raise TableError(problem, "name the column of the texts so, or give one text a line without names")
    else:
        found = [TextLine(line, row[0]) for line, row in source.rows() if row[0].strip()]
    if not found:
        raise TableError(f"{source.label} holds no text", "put one text on each line")
    return Texts(source.label, found)


def _column(source: Text, names: list[str], wanted: bool) -> list[TextLine]:
    at, target = names.index(TEXT), names.index(TARGET) if TARGET in names else None
    if wanted and target is None:
        hint = "say there what the net is to answer to each text"
        raise TableError(f"{source.label} has no column {TARGET!r}", hint)
    found = []
    for number, (line, row) in enumerate(source.rows()):
        if number and len(row) != len(names):
            hint = 'a text with the delimiter in it stands between quotation marks: "a, b"'
            raise TableError(f"{source.label}, line {line}: {len(row)} fields, where the columns are {len(names)}", hint)
        if number and row[at].strip():
            found.append(TextLine(line, row[at], None if target is None else row[target]))
    return found
