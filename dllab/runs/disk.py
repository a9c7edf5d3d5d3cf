"""Files that are there whole or not at all, whatever moment the power goes or the process dies."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

LEFTOVER = ".new-"
"""How the names of files begin that are being written; only a process that was killed leaves one behind."""

LOOKS = 10
"""How often a lock is asked for, with some milliseconds between."""

BINARY = getattr(os, "O_BINARY", 0)


class StoreError(Exception):
    """A run's folder cannot be made, written or read; the text says which, why, and what to do."""


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in place of the one before: the new content is on the disk before the name leads to it.

    Raises StoreError; then the old file is untouched.
    """
    temporary = path.parent / f"{LEFTOVER}{path.name}-{os.getpid()}"
    with complaining(path):
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY, 0o666)
        try:
            try:
                write_all(handle, content)
                os.fsync(handle)
            finally:
                os.close(handle)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        sync_folder(path.parent)


def write_all(handle: int, content: bytes) -> None:
    """Write all of it, in as many pieces as the system likes."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can do that."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def clear_leftovers(folder: Path) -> None:
    """Remove what a killed process had begun to write."""
    for path in folder.glob(f"{LEFTOVER}*"):
        with contextlib.suppress(OSError):
            path.unlink()


def read_file(path: Path) -> bytes:
    """A file's content. Raises StoreError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {reason(error)}\n  check the path and its rights") from None


class Lock:
    """One process at a time works in a folder; the system gives the lock back when the process ends, however it ends."""

    def __init__(self, folder: Path, what: str = "a run") -> None:
        """Raises StoreError where another process has it, or where there is no such folder (any more).

        Does nothing where the system has no such locks.
        """
        self._handle: int | None = None
        try:
            import fcntl
        except ImportError:
            return
        try:
            handle = os.open(folder, os.O_RDONLY)
        except OSError as error:
            raise StoreError(f"{folder} cannot be opened: {reason(error)}\n  check the path and its rights") from None
        try:
            _patiently(lambda: fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(handle)
            why = f"{what} is being trained there by another process"
            raise StoreError(f"{folder} is in use: {why}\n  wait for its end, or stop it") from None
        except OSError:  # a file system without locks
            os.close(handle)
            return
        self._handle = handle

    def release(self) -> None:
        """Let others in."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def in_use(folder: Path) -> bool:
    """Whether another process has the lock of a folder at this moment; False where the system has no such locks."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False


def _patiently(lock: Callable[[], object]) -> None:
    """Lock, in spite of those who look for a moment whether somebody has it. Raises BlockingIOError."""
    for _ in range(LOOKS - 1):
        with contextlib.suppress(BlockingIOError):
            lock()
            return
        time.sleep(0.005)
    lock()


@contextlib.contextmanager
def complaining(path: Path) -> Iterator[None]:
    """Turns what goes wrong with a file into a StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {reason(error)}") from None


def reason(error: Exception) -> str:
    """What went wrong, in the system's words."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
