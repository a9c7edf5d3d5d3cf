"""A training's figure while it goes on: the lines on progress, and below them what the terminal has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment

from dllab.views.train_live import TrainLive

Blocks = Callable[[ConsoleOptions, int], Iterable[RenderableType]]
"""From how a console draws and the lines that are left: what is to be seen, the most telling first."""


class Stacked:
    """Never higher than the terminal: those blocks that fit whole, and the upper part of a higher one if most is free."""

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
        too_high: list[list[Segment]] = []
        for block in self.blocks(options, room):
            if not left:
                break
            lines = console.render_lines(block, options, pad=False)
            if len(lines) <= left:
                yield from _written(lines)
                left -= len(lines)
            else:
                too_high = too_high or lines
        if left > room // 2:
            yield from _written(too_high[:left])


def _written(lines: Iterable[list[Segment]]) -> Iterator[Segment]:
    for line in lines:
        yield from line
        yield Segment.line()
