"""Deletes the folder of a run or a sweep: first it has another name, then its files go; a kill leaves no half run."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from dllab.runs.disk import Lock, complaining, sync_folder

REMOVED = ".removed-"
"""How the names of folders begin that are being deleted; the next deletion in that place ends what a killed one began."""


def remove(path: Path) -> None:
    """Delete a folder. Raises StoreError where it is in use, or may not be deleted; then nothing of it has changed."""
    lock = Lock(path)
    try:
        gone = path.with_name(f"{REMOVED}{os.getpid()}-{path.name}")
        with complaining(path):
            os.rename(path, gone)
            sync_folder(path.parent)
        shutil.rmtree(gone, ignore_errors=True)
    finally:
        lock.release()


def clear(root: Path) -> None:
    """End deletions that were killed; others may be at it at this moment, and then there is nothing left to do."""
    with contextlib.suppress(OSError):
        for path in root.glob(f"{REMOVED}*"):
            shutil.rmtree(path, ignore_errors=True)
