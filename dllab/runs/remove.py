"""Deletes the folder of a run or a sweep: first it has another name, then its files go; a kill leaves no half run."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from dllab.runs.disk import Lock, StoreError, complaining, reason, sync_folder

REMOVED = ".removed-"
"""How the names of folders begin that are being deleted; the next deletion in that place ends what a killed one began."""


def remove(path: Path) -> None:
    """Delete a folder; of a link to one the link. Raises StoreError where it is in use, or may not be deleted.

    Then nothing of it has changed, unless the text says what is left.
    """
    lock = Lock(path)
    try:
        if path.is_symlink():
            with complaining(path):
                path.unlink()
                sync_folder(path.parent)
            return
        gone = path.with_name(f"{REMOVED}{os.getpid()}-{path.name}")
        with complaining(path):
            os.rename(path, gone)
            sync_folder(path.parent)
        _clear(path, gone)
    finally:
        lock.release()


def _clear(path: Path, gone: Path) -> None:
    """Delete as much as can be. Raises StoreError where something is left."""
    try:
        shutil.rmtree(gone)
    except OSError as error:
        shutil.rmtree(gone, ignore_errors=True)
        if gone.exists():
            raise StoreError(f"not all of {path} could be deleted: {reason(error)}\n  the rest is in {gone}") from None


def clear(root: Path) -> None:
    """End deletions that were killed; others may be at it at this moment, and then there is nothing left to do."""
    with contextlib.suppress(OSError):
        for path in root.glob(f"{REMOVED}*"):
            if path.is_symlink():
                path.unlink(missing_ok=True)
            else:
                shutil.rmtree(path, ignore_errors=True)
