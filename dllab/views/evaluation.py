"""Figures of a run's net."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from dllab.runs.metrics_log import plain
from dllab.views.figures import figures_table, matrices
from dllab.views.parts import Plain

if TYPE_CHECKING:
    from dllab.runs.opened import Opened


class Evaluation:
    """A table of splits and figures; then tables among them, of the last split."""

    def __init__(self, opened: Opened, figures: Mapping[str, Mapping[str, Any]], rows: Mapping[str, int]) -> None:
        self.opened, self.figures, self.rows = opened, figures, rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What net it is, then its figures."""
        opened = self.opened
        yield Text.assemble((opened.recipe.name, "bold"), f": after {opened.steps:,} steps, {opened.folder.path}")
        yield Text()
        yield Plain(figures_table(self.figures, self.rows))
        yield from matrices(self.figures, options.max_width)


def document(opened: Opened, figures: Mapping[str, Mapping[str, Any]], rows: Mapping[str, int]) -> dict[str, Any]:
    """The same as plain JSON data."""
    return {
        "run": str(opened.folder.path),
        "recipe": opened.recipe.name,
        "steps": opened.steps,
        "rows": dict(rows),
        "figures": plain(figures),
    }
