"""The list of all lessons."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dllab.lessons.lesson import Heading
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain


def listing(found: Sequence[Heading]) -> RenderableType:
    """All lessons with their questions."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column(no_wrap=True)
    table.add_column()
    for heading in found:
        table.add_row(str(heading.number), Text(heading.slug, "bold"), heading.question)
    return Group(Plain(Group(table, Text())), NextSteps(
        [("dllab lesson 16", "one of them, by number or name"),
         ("dllab lesson all", "all of them, in one to three minutes")]
    ))  # fmt: skip
