"""What the lab understands of a table, before anything is trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dllab.data.csv import said, task_of
from dllab.data.table import Column, Table, read_table
from dllab.data.table_text import DELIMITERS

TARGETS = ("target", "label", "labels", "class", "classes", "y", "outcome", "species", "category", "quality",
           "price", "result")  # fmt: skip
"""Names that a column of targets usually has; else it is taken to be the last that a net can use."""
UNUSABLE = ("date", "text", "empty")
WORDS_SHOWN = 4
ROWS_SHOWN = 3
MODEL = "model: [dense: 16, relu, dense: outputs]"


@dataclass(frozen=True)
class ColumnPreview:
    """A column: its kind, what stands in it, in words, how many values are missing, and whether it must be left out."""

    name: str
    kind: str
    holds: str
    missing: int
    refused: bool


@dataclass(frozen=True)
class Preview:
    """A table as it was understood. `suggestion`: a recipe to begin with; `rows_shown`: its first rows as text."""

    file: str
    rows: int
    encoding: str
    delimiter: str
    header: bool
    columns: tuple[ColumnPreview, ...]
    notes: tuple[str, ...]
    target: str
    task: str
    inputs: int
    suggestion: str
    first_rows: tuple[tuple[str, ...], ...]


def preview(path: str, delimiter: str | None = None) -> Preview:
    """Read a CSV file and tell of it. Raises data.table.TableError."""
    table = read_table(path, delimiter)
    shown = tuple(_column(column) for column in table.columns)
    target = _target(table)
    others = [column for column in table.columns if column.name != target.name]
    unusable = [column.name for column in others if column.kind in UNUSABLE]
    counting = [column.name for column in others if f"{column.name} counts the rows" in table.notes]
    drop = [column.name for column in others if column.name in (*unusable, *counting)]
    if len(drop) == len(others):  # rather one that counts the rows than none at all
        drop = unusable
    used = [column for column in others if column.name not in drop]
    gaps = any(len(column.missing) for column in [*used, target])
    return Preview(
        file=path,
        rows=table.rows,
        encoding=table.text.encoding,
        delimiter=DELIMITERS.get(table.text.delimiter, table.text.delimiter),
        header=table.header,
        columns=shown,
        notes=table.notes,
        target=target.name,
        task=task_of(target),
        inputs=sum(len(column.words) if column.kind == "category" else 1 for column in used),
        suggestion=_suggestion(path, target, drop, gaps),
        first_rows=tuple(_row(table, i) for i in range(min(ROWS_SHOWN, table.rows))),
    )


def _column(column: Column) -> ColumnPreview:
    refused = column.kind in UNUSABLE
    holds = _holds(column)
    if refused and column.stranger is not None:
        line, word = column.stranger
        holds = f"numbers, but {word[:30]!r} on line {line}"
    return ColumnPreview(column.name, column.kind, holds, len(column.missing), refused)


def _holds(column: Column) -> str:
    if column.kind in UNUSABLE:
        return said(column)
    if column.numbers is not None:
        known = column.numbers[~np.isnan(column.numbers)]
        what = "whole numbers" if column.whole else "numbers"
        low, high = float(known.min()), float(known.max())
        return f"always {low:g}" if low == high else f"{what}, {low:g} to {high:g}"
    assert column.codes is not None
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.words))
    often = np.argsort(-counts, kind="stable")[:WORDS_SHOWN]
    words = ", ".join(f"{column.words[i]} {counts[i]:,}" for i in often)
    more = f", {len(column.words) - WORDS_SHOWN} more" if len(column.words) > WORDS_SHOWN else ""
    return f"{len(column.words)} {'word' if len(column.words) == 1 else 'words'}: {words}{more}"


def _target(table: Table) -> Column:
    usable = [column for column in table.columns if column.kind not in UNUSABLE] or list(table.columns)
    usual = [column for column in usable if column.name.lower() in TARGETS]
    return usual[0] if usual else usable[-1]


def _suggestion(path: str, target: Column, drop: Sequence[str], gaps: bool) -> str:
    from dllab.recipe.dump import flow

    options: dict[str, Any] = {"csv": path, "target": target.name}
    if drop:
        options["drop"] = list(drop)
    if gaps:
        options["missing"] = "drop_rows"
    return f"data: {flow(options)}\n{MODEL}"


def _row(table: Table, row: int) -> tuple[str, ...]:
    return tuple(_cell(column, row) for column in table.columns)


def _cell(column: Column, row: int) -> str:
    if row in column.missing:
        return "-"
    if column.numbers is not None:
        return f"{column.numbers[row]:g}"
    return column.words[column.codes[row]] if column.codes is not None else "..."
