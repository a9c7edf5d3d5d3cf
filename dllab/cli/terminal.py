"""What a stream can take, and the first sign of life; only the standard library is imported here."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
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


@contextlib.contextmanager
def first_sign(quiet: bool) -> Iterator[None]:
    """Something to see at once while the lab is loaded; taken away again at the end."""
    shown = not quiet and lively(sys.stderr)
    if shown:
        sys.stderr.write(f"{SIGN}\r")
        sys.stderr.flush()
    try:
        yield
    finally:
        if shown:
            with contextlib.suppress(OSError):
                sys.stderr.write(f"{' ' * len(SIGN)}\r")
                sys.stderr.flush()
