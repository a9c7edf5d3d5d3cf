"""A file of JSON lines that only grows: after a kill at any instant it is there down to the last whole line."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dllab.runs.disk import BINARY, complaining, write_all
from dllab.runs.metrics_log import plain


class Journal:
    """Lines are on the disk when `add` returns; several at once cost as much as one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None
        self._length = 0

    def open(self) -> None:
        """Begin or go on behind the last whole line; half a line that a kill has left is cut off. Raises StoreError."""
        with complaining(self.path):
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | BINARY, 0o666)
            self._length = _whole(self._handle)
            os.ftruncate(self._handle, self._length)

    def add(self, lines: Sequence[str]) -> None:
        """Append lines. Raises StoreError where they cannot be kept; then none of them is there."""
        assert self._handle is not None
        content = "".join(f"{line}\n" for line in lines).encode()
        with complaining(self.path):
            try:
                write_all(self._handle, content)
                os.fsync(self._handle)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._handle, self._length)
                raise
        self._length += len(content)

    def close(self) -> None:
        """No more lines will come."""
        handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(OSError):  # all that was added is on the disk
                os.close(handle)


def line_of(document: Mapping[str, Any]) -> str:
    """A document as a line; NaN and infinities are null."""
    return json.dumps(plain(document))


def lines_of(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The whole lines of a journal, each with what it says; one that says nothing is passed over.

    Raises OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                with contextlib.suppress(ValueError, RecursionError):
                    if isinstance(told := json.loads(line), dict):
                        yield line.decode().rstrip("\n"), told


def _whole(handle: int) -> int:
    """The length of a file down to its last line break."""
    end = os.lseek(handle, 0, os.SEEK_END)
    while end:
        first = max(0, end - 65536)
        os.lseek(handle, first, os.SEEK_SET)
        place = os.read(handle, end - first).rfind(b"\n")
        if place >= 0:
            return first + place + 1
        end = first
    return 0
