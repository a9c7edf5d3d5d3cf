"""Figures of splits as a table, and the tables among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from dllab.views.text import figure, heading, number

MOST_COLUMNS = 5


def figures_table(figures: Mapping[str, Mapping[str, Any]], rows: Mapping[str, int]) -> RenderableType:
    """A line for each split: its rows, where they are known, and its figures, as many as fit."""
    values = [pair for inner in figures.values() for pair in inner.items()]
    names = list(dict.fromkeys(name for name, value in values if isinstance(value, int | float)))[:MOST_COLUMNS]
    table = Table.grid(padding=(0, 3))
    table.add_column()
    counted = ["rows"] if rows else []
    for _ in (*counted, *names):
        table.add_column(justify="right")
    table.add_row(*(Text(heading(name), "bold") for name in ("split", *counted, *names)))
    for split, inner in figures.items():
        cells = [f"{rows[split]:,}" if split in rows else "" for _ in counted]
        cells += [figure(name, inner.get(name)) for name in names]
        table.add_row(split, *cells)
    return table


def matrices(figures: Mapping[str, Mapping[str, Any]], width: int) -> Iterator[RenderableType]:
    """Tables among the figures, of the last split that has one."""
    if not figures:
        return
    split, inner = list(figures.items())[-1]
    for name, rows in inner.items():
        if not (isinstance(rows, list) and rows and isinstance(rows[0], list)):
            continue
        yield Text()
        yield Text(f"{name.replace('_', ' ')}, {split} (row: true class; column: what the net says)")
        cell = max(len(number(value)) for row in rows for value in row)
        if (cell + 2) * len(rows) + 6 > width:
            yield Text(f"{len(rows)} classes: too wide for this terminal; --json has it")
            continue
        yield Text("      " + "".join(f"{i:>{cell + 2}}" for i in range(len(rows))), "bold")
        for i, row in enumerate(rows):
            yield Text(f"{i:>6}" + "".join(f"{number(value):>{cell + 2}}" for value in row))
