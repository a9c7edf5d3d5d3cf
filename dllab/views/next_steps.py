"""Commands to try next, each on a line of its own that can be copied and pasted as it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from dllab.views.parts import Plain
from dllab.views.save.cells import Paper

INDENT, GAP = "  ", "  "
ON = "\\"
"""Ends a line of a command that goes on in the next one."""
WORDS = re.compile(r"""(?:[^\s'"]|'[^']*'|"[^"]*")+""")


class NextSteps:
    """Pairs of a command line and what it shows, which has a line of its own where it does not fit on that of the command.

    A command that is wider than the terminal goes on in the next line, with the backslash that shells take for that.
    """

    def __init__(self, commands: Sequence[tuple[str, str]], heading: str = "Try next:") -> None:
        self.commands, self.heading = commands, heading

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The heading, and a line for each command; nothing where a figure is kept."""
        if isinstance(console, Paper):
            return
        yield Plain(Text(self.heading))
        room = options.max_width - len(INDENT)
        widest = max((len(command) for command, what in self.commands if _together(command, what) <= room), default=0)
        for command, what in self.commands:
            beside = what and _together(f"{command:<{widest}}", what) <= room
            for line in [f"{command:<{widest}}"] if beside else broken(command, room):
                text = Text.assemble(INDENT, (line, "bold"), f"{GAP}{what}" if beside else "")
                text.no_wrap, text.overflow = True, "ignore"
                yield text
            if what and not beside:
                for part in Text(what).wrap(console, max(room - len(INDENT), 1)):
                    part.rstrip()
                    yield Text(2 * INDENT).append_text(part)


def _together(command: str, what: str) -> int:
    return cell_len(command) + len(GAP) + cell_len(what)


def broken(command: str, room: int) -> list[str]:
    """A command in lines of so many cells, where its words are shorter; quoted words are kept whole."""
    if cell_len(command) <= room:
        return [command]
    lines: list[str] = []
    for word in WORDS.findall(command):
        last = lines[-1] if lines else None
        if last is not None and cell_len(f"{last} {word} {ON}") <= room:
            lines[-1] = f"{last} {word}"
        else:
            lines.append(word if last is None else f"{INDENT}{word}")
    return [f"{line} {ON}" for line in lines[:-1]] + lines[-1:]
