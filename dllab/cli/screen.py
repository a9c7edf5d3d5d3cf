"""A picture that is drawn again and again in one place of a terminal, without flicker.

Lines are written over, never wiped first, and only those that changed: a terminal shows no frame that is half empty.
"""

from __future__ import annotations

import re
from types import TracebackType

from rich.cells import cell_len
from rich.console import RenderableType

from dllab.cli.console import Output

CODES = re.compile(r"\x1b\[[0-9;]*m")
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
UP, REST_OF_LINE = "\x1b[{}A", "\x1b[K"
FRESH = "\x1b[H\x1b[2J"


class Screen:
    """The lines drawn last; used as a context, in which the cursor is hidden."""

    def __init__(self, console: Output) -> None:
        self._console = console
        self._lines: list[str] = []
        self._size = console.size

    def __enter__(self) -> Screen:
        self._write(HIDE)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._write(f"\r{REST_OF_LINE}{SHOW}")  # without the ^C that the terminal may have written

    def draw(self, view: RenderableType) -> None:
        """Show a renderable in place of the one before; what does not fit on the terminal is cut off below.

        After a change of the terminal's size nobody knows where the old lines went, so all of it is drawn afresh.
        Lines that are gone are wiped one by one: tmux keeps a screen wiped from its top among what was scrolled off.
        """
        size = self._console.size
        with self._console.capture() as caught:
            self._console.print(view)
        lines = caught.get().splitlines()[: max(1, size.height - 1)]
        fresh = size != self._size and bool(self._lines)
        before = [] if fresh else self._lines
        text = FRESH if fresh else UP.format(len(before)) if before else ""
        for number, line in enumerate(lines):
            if number >= len(before) or before[number] != line:
                text += line
                if cell_len(CODES.sub("", line)) < size.width:  # at the very edge it would take the last character
                    text += REST_OF_LINE
            text += "\n"
        if (gone := len(before) - len(lines)) > 0:
            text += f"{REST_OF_LINE}\n" * gone + REST_OF_LINE + UP.format(gone)  # with a ^C below the picture
        self._write(text)
        self._lines, self._size = lines, size

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()
