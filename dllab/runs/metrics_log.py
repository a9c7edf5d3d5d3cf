"""The growing file of a run's evaluations: a line of JSON each, appended; a checkpoint says how far it had come."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dllab.runs.disk import BINARY, complaining, read_file, write_all
from dllab.runs.seal import Damaged


class MetricsLog:
    """Lines are on their way to the disk when `add` returns, and there after `mark`.

    `broken`: a line is not in the file, or half of it; no checkpoint may be made of a run that is further than its log.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None
        self.broken = False
        self._length = 0
        self._hash = hashlib.sha256()

    def add(self, line: Mapping[str, Any]) -> None:
        """Append one line. Raises StoreError."""
        content = json.dumps(plain(line)).encode() + b"\n"
        self.broken = True
        with complaining(self.path):
            if self._handle is None:
                self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | BINARY, 0o666)
            write_all(self._handle, content)
        self._length += len(content)
        self._hash.update(content)
        self.broken = False

    def mark(self) -> dict[str, Any]:
        """How far the file has come, all of it on the disk: its length and the checksum of so much of it."""
        with complaining(self.path):
            if self._handle is not None:
                os.fsync(self._handle)
        return {"length": self._length, "sha256": self._hash.hexdigest()}

    def read(self, mark: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The lines before a mark. Raises Damaged where these are not as they were written."""
        content = read_file(self.path)[: mark["length"]]
        self._length, self._hash = len(content), hashlib.sha256(content)
        if (self._length, self._hash.hexdigest()) != (mark["length"], mark["sha256"]):
            raise Damaged("what it held at the last checkpoint is not there any more")
        return [json.loads(line) for line in content.splitlines()]

    def go_on(self, mark: Mapping[str, Any]) -> None:
        """Drop what came after a mark, to be followed by other lines. Raises Damaged, as `read` does."""
        self.read(mark)
        with complaining(self.path):
            self._handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | BINARY)
            os.ftruncate(self._handle, self._length)

    def close(self) -> None:
        """No more lines will come."""
        handle, self._handle = self._handle, None
        if handle is not None:
            with complaining(self.path):
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)


def plain(value: Any) -> Any:
    """Plain JSON data; NaN and infinities become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
