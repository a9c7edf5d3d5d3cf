"""Commands to try next, each on a line of its own that can be copied and pasted as it stands."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from dllab.views.save.cells import Paper


class NextSteps:
    """Pairs of a command line and what it shows. The words are left out where they do not fit on the line.

    A command that is wider than the terminal is not broken: the terminal shows it on two lines and copies it as one.
    """

    def __init__(self, commands: Sequence[tuple[str, str]], heading: str = "Try next:") -> None:
        self.commands, self.heading = commands, heading

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The heading, and a line for each command; nothing where a figure is kept."""
        if isinstance(console, Paper):
            return
        yield Text(self.heading)
        widest = max((len(command) for command, _ in self.commands), default=0)
        room = options.max_width - widest - 4
        for command, what in self.commands:
            fits = what and len(what) <= room
            line = Text.assemble("  ", (f"{command:<{widest}}" if fits else command, "bold"))
            line.no_wrap, line.overflow = True, "ignore"
            yield line.append(f"  {what}") if fits else line
