"""A small SQLite database that many processes read and write at once, and that may be lost: it can be made again.

- Journal: WAL only where the linked SQLite is 3.51.3 or newer; versions 3.7.0 to 3.51.2 have a documented race between
  connections that can corrupt a database in WAL mode. Older ones use a rollback journal.
- Every change is one transaction begun with BEGIN IMMEDIATE, so that no two writers wait for each other in a circle; who
  finds the database locked waits, and tries again.
- `synchronous` is FULL with a rollback journal, as a power cut could damage the file with less; NORMAL with WAL, where it
  could cost the last change but no more. There is a transaction only where something is new, so both cost little.
- A damaged file is set aside under another name, and a new one is begun; where nothing can be written the database lives
  in memory, with a copy of what could be read. Either is told once, in one line.

The file is never opened but by SQLite: closing any other handle would give back the locks of this process.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

APPLICATION = 0x646C6C62  # "dllb"
WAL_IS_SAFE = (3, 51, 3)
PATIENCE = 30.0
"""Seconds to wait for other processes, whose transactions take milliseconds."""
TRIES = 5
DAMAGED, MOVED = (11, 26), 1032  # SQLITE_CORRUPT, SQLITE_NOTADB; SQLITE_READONLY_DBMOVED
BUSY = (5, 6, 17)  # SQLITE_BUSY, SQLITE_LOCKED, SQLITE_SCHEMA
WHY = {
    5: "another process has locked it", 8: "it may not be written", 10: "the disk fails, or is full",
    13: "the disk is full", 14: "it cannot be opened or made", 15: "this disk has no locks",
}  # fmt: skip
Answer = TypeVar("Answer")


class Database:
    """`tables`: the statements that make them, whose `version` stands in the file. `tell` is given what goes wrong."""

    def __init__(self, path: Path, tables: str, version: int, tell: Callable[[str], object]) -> None:
        self.path, self.tables, self.version, self._tell = path, tables, version, tell
        self.in_memory = False
        self._connection: sqlite3.Connection | None = None

    def do(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Do some work, anew where the database had to be; so the work begins with filling what is missing there."""
        for _ in range(TRIES):
            try:
                if self._connection is None:
                    self._connection = self._open()
                return work(self._connection)
            except sqlite3.Error as error:
                if self.in_memory:
                    raise
                self.close()
                self._recover(error)
        self._to_memory("it is damaged, and cannot be set aside")
        assert self._connection is not None
        return work(self._connection)

    def close(self) -> None:
        """Give the file back."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def _open(self) -> sqlite3.Connection:
        if not self.path.parent.is_dir():  # nothing to remember, and nowhere to
            self.in_memory = True
        connection = sqlite3.connect(":memory:", isolation_level=None) if self.in_memory else _connected(self.path)
        try:
            if self.in_memory:
                self._make(connection)
                return connection
            wanted = "wal" if wal_is_safe() else "delete"
            (mode,) = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
            if mode == "wal" != wanted:  # another Python, with a newer SQLite, has it open
                raise sqlite3.OperationalError("it is in use by a newer SQLite")
            connection.execute(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")
            self._check(connection)
            self._make(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        """Raise the error of a damaged file for one that is damaged, or another program's."""
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and application != APPLICATION:
            raise _Damaged("it is another program's")
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise _Damaged(said)

    def _make(self, connection: sqlite3.Connection) -> None:
        """Make the tables where they are missing, or of another version of the lab."""
        if connection.execute("PRAGMA user_version").fetchone() == (self.version,):
            return
        with transaction(connection):
            if connection.execute("PRAGMA user_version").fetchone() == (self.version,):
                return  # another process was faster
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (name,) in names:
                connection.execute(f'DROP TABLE "{name}"')
            for statement in self.tables.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {self.version}")

    def _recover(self, error: sqlite3.Error) -> None:
        code = getattr(error, "sqlite_errorcode", None) or 0
        if code == MOVED:
            return  # another process has set the file aside
        if code & 0xFF in DAMAGED or isinstance(error, _Damaged):
            with contextlib.suppress(OSError):
                if aside := set_aside(self.path):
                    self._tell(f"{self.path} was damaged: it is set aside as {aside.name}, and made anew from the runs")
                return
        self._to_memory(WHY.get(code & 0xFF, str(error)))

    def _to_memory(self, why: str) -> None:
        self._tell(f"{self.path} cannot be used: {why}; the runs themselves are read, which takes longer")
        self.close()
        self.in_memory = True
        self._connection = self._copied() or sqlite3.connect(":memory:", isolation_level=None)
        self._make(self._connection)

    def _copied(self) -> sqlite3.Connection | None:
        """A copy in memory of what can still be read; None where nothing can."""
        copy = sqlite3.connect(":memory:", isolation_level=None)
        with contextlib.suppress(sqlite3.Error):
            kept = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.1)
            with contextlib.closing(kept):
                self._check(kept)
                kept.backup(copy)
                return copy
        copy.close()
        return None


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is done inside, or nothing of it."""
    _patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
    try:
        yield
        _patiently(lambda: connection.execute("COMMIT"))
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def wal_is_safe() -> bool:
    """Whether the linked SQLite is without the race of older versions."""
    return sqlite3.sqlite_version_info >= WAL_IS_SAFE


def set_aside(path: Path) -> Path | None:
    """Rename a damaged database; None where it is sound by now, as another process has done it."""
    with _alone(path.parent):
        if not path.exists() or _sound(path):
            return None
        for ending in ("-journal", "-wal", "-shm"):  # before the file: a new one must not be taken for theirs
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{path}{ending}")
        aside = path.with_name(f"{path.name}.damaged")
        os.replace(path, aside)
        return aside


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)


def _sound(path: Path) -> bool:
    connection = _connected(path)
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        own = not tables or application == APPLICATION
        return bool(own and connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in BUSY
    finally:
        connection.close()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time, where the system has such locks."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _patiently(step: Callable[[], object]) -> None:
    """Again where another process was in the way in spite of the time that SQLite itself waits."""
    for number in range(TRIES):
        try:
            step()
            return
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in BUSY or number == TRIES - 1:
                raise
            time.sleep(random.uniform(0.0, 0.05 * 2**number))


class _Damaged(sqlite3.DatabaseError):
    """Found by a check, not by SQLite itself."""
