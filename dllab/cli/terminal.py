"""What a stream can take, and the first sign of life; only the standard library is imported here."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import IO

SIGN = "dllab: getting ready"


def lively(stream: IO[str]) -> bool:
    """Whether a stream is a terminal that may be drawn on: no pipe, not TERM=dumb, not under NO_COLOR or CI."""
    if os.environ.get("NO_COLOR") or os.environ.get("CI") or os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
        return False
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


class FirstSign:
    """Something to see at once while the lab is loaded; gone before anything else is said."""

    def __init__(self) -> None:
        self._shown = False

    def show(self) -> None:
        """Write it at the start of the line, if stderr is a terminal that may be drawn on."""
        if lively(sys.stderr):
            self._shown = True
            self._write(SIGN)

    def clear(self) -> None:
        """Take it away, if it is there."""
        if self._shown:
            self._shown = False
            self._write(" " * len(SIGN))

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{text}\r")
            sys.stderr.flush()


sign = FirstSign()
"""The one of this process."""
