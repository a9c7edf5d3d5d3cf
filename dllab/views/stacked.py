"""A training's figure while it goes on: the lines on progress, and below them what the terminal has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment

from dllab.views.train_live import TrainLive

Blocks = Callable[[ConsoleOptions, int], Iterable[RenderableType]]
"""From how a console draws and the lines that are left: what is to be seen, the most telling first."""


class Stacked:
    """Never higher than the terminal: of the blocks those that fit whole, or the upper part of the first."""

    def __init__(self, head: TrainLive, blocks: Blocks | None = None) -> None:
        self.head, self.blocks = head, blocks

    def room(self, height: int) -> int:
        """The lines that are left for blocks in a terminal of that height."""
        return max(1, height - 1 - self.head.head_lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines on top, then the blocks."""
        yield from self.head.head(options.max_width, options.ascii_only)
        if self.blocks is None:
            return
        room = left = self.room(options.size.height)
        drawn = [console.render_lines(block, options, pad=False) for block in self.blocks(options, room)]
        fitting: list[list[list[Segment]]] = []
        for lines in drawn:
            if len(lines) <= left:
                fitting.append(lines)
                left -= len(lines)
        for lines in fitting if left < room else [drawn[0][:room]] if drawn else []:
            for line in lines:
                yield from line
                yield Segment.line()
