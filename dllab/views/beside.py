"""Figures beside each other, as many as there is room for: heads of attention, distributions of layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment

GAP = 2


@dataclass(frozen=True, eq=False)
class Beside:
    """Figures side by side, each at least `least` cells wide, `most` in a line; a blank line between lines of figures."""

    figures: Sequence[RenderableType]
    least: int = 28
    most: int = 4

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Figures of one width, their first lines at the same height."""
        fit = max(1, min(self.most, (options.max_width + GAP) // (self.least + GAP), len(self.figures)))
        width = (options.max_width + GAP) // fit - GAP
        inner = options.update(width=width, height=None)
        for first in range(0, len(self.figures), fit):
            if first:
                yield Segment.line()
            drawn = [console.render_lines(figure, inner) for figure in self.figures[first : first + fit]]
            for line in range(max(map(len, drawn))):
                for index, lines in enumerate(drawn):
                    if index:
                        yield Segment(" " * GAP)
                    yield from lines[line] if line < len(lines) else [Segment(" " * width)]
                yield Segment.line()
