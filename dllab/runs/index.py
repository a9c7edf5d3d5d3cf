"""The index of runs and sweeps: `index.sqlite` beside their folders, so that thousands of them are searched at once.

The folders are the truth. Whoever asks the index first lets it look for folders that are new, changed or gone: it compares
names, times and sizes, and reads only what differs, of a sweep's journal only the new lines. So it may be deleted at any
time, and no process that trains has to know of it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dllab.runs.database import Database, transaction
from dllab.runs.entries import ALONE, SWEEP, Entry, Found, Read, folders_in, read

NAME = "index.sqlite"
VERSION = 2
TABLES = """
CREATE TABLE folders (name TEXT PRIMARY KEY, kind TEXT NOT NULL, mark TEXT NOT NULL, size INTEGER NOT NULL,
                      upto INTEGER NOT NULL, base TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (folder TEXT NOT NULL, member INTEGER NOT NULL, recipe TEXT NOT NULL, seed INTEGER,
                      status TEXT NOT NULL, at REAL NOT NULL, steps INTEGER, epochs INTEGER, seconds REAL, error TEXT,
                      settings TEXT NOT NULL, figures TEXT NOT NULL, PRIMARY KEY (folder, member)) WITHOUT ROWID
"""
TOGETHER = 200
"""Folders read between two transactions, so that a first look at thousands of them keeps what it has done."""
ROUNDS = 5

Known = dict[str, tuple[str, str, int, int]]
"""Name to kind, mark, size and how far the journal was read."""
Progress = Callable[[int, int], object]


class Index:
    """The index of one folder of runs. `tell` is given a line for what is wrong with its file."""

    def __init__(self, root: Path, tell: Callable[[str], object]) -> None:
        self.root = root
        self.database = Database(root / NAME, TABLES, VERSION, tell)

    def ask(self, question: Callable[[sqlite3.Connection], Any], progress: Progress | None = None) -> Any:
        """Look for what is new, then ask."""

        def work(connection: sqlite3.Connection) -> Any:
            self._refresh(connection, progress or _silent)
            return question(connection)

        return self.database.do(work)

    def rebuild(self, progress: Progress | None = None) -> tuple[int, int, int]:
        """Read all folders anew; returns the numbers of runs, sweeps and members."""

        def work(connection: sqlite3.Connection) -> Any:
            found = list(folders_in(self.root).values())
            readings = [read(self.root, one) for one in _counted(found, progress or _silent)]
            with transaction(connection):
                connection.execute("DELETE FROM entries")
                connection.execute("DELETE FROM folders")
                for reading in readings:
                    _put(connection, reading)
            self._refresh(connection, _silent)
            return _numbers(connection)

        counts: tuple[int, int, int] = self.database.do(work)
        return counts

    def close(self) -> None:
        """Give the file back."""
        self.database.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _refresh(self, connection: sqlite3.Connection, progress: Progress) -> None:
        """Until nothing differs, or others change things faster than this process reads them."""
        for _ in range(ROUNDS):
            there, known = folders_in(self.root), _known(connection)
            gone = [name for name in known if name not in there]
            news = [found for name, found in there.items() if known.get(name, ("", "", 0, 0))[:3] != _stamp(found)]
            sure = True
            for first in range(0, max(len(news), 1), TOGETHER):
                part = _counted(news[first : first + TOGETHER], progress, first, len(news))
                readings = [self._read(connection, found, known.get(found.name)) for found in part]
                if readings or gone:
                    sure &= _store(connection, readings, gone, known)
                gone = []
            if sure:
                return

    def _read(self, connection: sqlite3.Connection, found: Found, before: tuple[str, str, int, int] | None) -> Read:
        """All that a folder tells; of a sweep whose plan is as it was only what its journal has got since."""
        if before is None or found.kind != SWEEP or before[:2] != (found.kind, found.mark) or before[3] > found.size:
            return read(self.root, found)
        base = connection.execute("SELECT base FROM folders WHERE name = ?", (found.name,)).fetchone()
        return read(self.root, found, json.loads(base[0]) if base is not None else None, before[3])


def _stamp(found: Found) -> tuple[str, str, int]:
    return found.kind, found.mark, found.size


def _known(connection: sqlite3.Connection) -> Known:
    rows = connection.execute("SELECT name, kind, mark, size, upto FROM folders")
    return {name: (kind, mark, size, upto) for name, kind, mark, size, upto in rows}


def _store(connection: sqlite3.Connection, readings: Sequence[Read], gone: Sequence[str], known: Known) -> bool:
    """Keep what was read, unless another process has been there since; whether all of it was kept."""
    kept = True
    with transaction(connection):
        now = _known(connection)
        for name in gone:
            if now.get(name) == known[name]:
                _drop(connection, name)
        for reading in readings:
            if now.get(reading.found.name) == known.get(reading.found.name):
                _put(connection, reading)
            else:
                kept = False
    return kept


def _drop(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("DELETE FROM entries WHERE folder = ?", (name,))
    connection.execute("DELETE FROM folders WHERE name = ?", (name,))


def _put(connection: sqlite3.Connection, reading: Read) -> None:
    found = reading.found
    if reading.since == 0:
        connection.execute("DELETE FROM entries WHERE folder = ?", (found.name,))
    connection.execute(
        "INSERT OR REPLACE INTO folders VALUES (?, ?, ?, ?, ?, ?)",
        (found.name, found.kind, found.mark, found.size, reading.upto, _packed(reading.base)),
    )
    rows = (_row(found.name, entry) for entry in reading.entries)
    connection.executemany(f"INSERT OR REPLACE INTO entries VALUES ({', '.join('?' * 12)})", rows)


def _row(folder: str, entry: Entry) -> tuple[Any, ...]:
    return (
        folder, entry.member, entry.recipe, entry.seed, entry.status, entry.at, entry.steps, entry.epochs, entry.seconds,
        entry.error, _packed(entry.settings), _packed(entry.figures),
    )  # fmt: skip


def _packed(told: Mapping[str, Any]) -> str:
    """As JSON; SQLite refuses every query on a table where one row holds a NaN."""
    return json.dumps(told, allow_nan=False)


def _numbers(connection: sqlite3.Connection) -> tuple[int, int, int]:
    (runs,) = connection.execute("SELECT count(*) FROM entries WHERE member = ?", (ALONE,)).fetchone()
    (sweeps,) = connection.execute("SELECT count(*) FROM folders WHERE kind = ?", (SWEEP,)).fetchone()
    (members,) = connection.execute("SELECT count(*) FROM entries WHERE member != ?", (ALONE,)).fetchone()
    return runs, sweeps, members


def _counted(found: Sequence[Found], progress: Progress, first: int = 0, total: int | None = None) -> Iterable[Found]:
    for number, one in enumerate(found, first + 1):
        yield one
        progress(number, total or len(found))


def _silent(done: int, total: int) -> None:
    pass
