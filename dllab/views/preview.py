"""A table as the lab understood it: its columns, its first rows, and a recipe that would use it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dllab.lab.preview import Preview
from dllab.recipe.place import visible
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain

LONGEST_NAME = 24
MOST_SHOWN = 60


def preview_view(found: Preview) -> RenderableType:
    """A page for people."""
    blocks: list[RenderableType] = [_head(found), Text(), _columns(found)]
    if len(found.columns) > MOST_SHOWN:
        blocks.append(Text(f"... and {len(found.columns) - MOST_SHOWN:,} more columns (--json lists them all)"))
    for note in found.notes:
        blocks.append(Text(f"note: {visible(note)}"))
    refused = [visible(column.name) for column in found.columns if column.refused]
    if refused:
        as_they_are = "as it is" if len(refused) == 1 else "as they are"
        blocks.append(Text(f"a net cannot read {', '.join(refused)} {as_they_are}; drop: leaves columns out"))
    if not found.inputs:
        return Plain(
            Group(*blocks, Text(), Text(f"{found.task} of {visible(found.target)}: no column is left to learn from"))
        )
    what = f"{found.task} of {visible(found.target)} by {found.inputs} number{'s' * (found.inputs > 1)} a row"
    begin = suggestion_view(f"{what}; a recipe to begin with:", found.suggestion.splitlines(), "csv")
    return Group(Plain(Group(*blocks)), begin)


def suggestion_view(title: str, recipe: Sequence[str], source: str) -> RenderableType:
    """A recipe to begin with, as lines to be copied, and what to do with it."""
    lines = [Text(f"  {line}", no_wrap=True, overflow="ignore") for line in recipe]
    steps = [
        ("dllab train my.yaml", "trains it, once it is stored there"),
        (f"dllab datasets {source}", "all that data: can say"),
    ]
    return Group(Text(), Plain(Text(title)), *lines, Text(), NextSteps(steps))


def document(found: Preview) -> dict[str, Any]:
    """The same as plain JSON data."""
    told = dataclasses.asdict(found)
    told["columns"] = [dataclasses.asdict(column) for column in found.columns]
    return {key: list(value) if isinstance(value, tuple) else value for key, value in told.items()}


def _head(found: Preview) -> Text:
    name = "standard input" if found.file == "-" else found.file
    names = "a line of names" if found.header else "no line of names"
    head = Text(name, "bold", overflow="fold")
    return head.append(f": {found.rows:,} rows, {len(found.columns)} columns", "not bold").append(
        f" ({found.encoding}, {found.delimiter}s, {names})" if found.delimiter in ("comma", "semicolon", "tab", "bar")
        else f" ({found.encoding}, {found.delimiter!r} between fields, {names})", "not bold",
    )  # fmt: skip


def _columns(found: Preview) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("column", style="bold", max_width=LONGEST_NAME, overflow="ellipsis", no_wrap=True)
    table.add_column("holds")
    table.add_column("missing", justify="right", no_wrap=True)
    table.add_column("first rows", no_wrap=True, overflow="ellipsis", max_width=20)
    for i, column in enumerate(found.columns[:MOST_SHOWN]):
        first = ", ".join(row[i] for row in found.first_rows)
        table.add_row(
            Text(visible(column.name)),
            Text(visible(column.holds)),
            f"{column.missing:,}" if column.missing else "",
            Text(visible(first)),
        )
    return table
