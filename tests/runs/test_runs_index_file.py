"""The file of the index: damaged, locked, of another version, on a full disk, where nothing can be written."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path

import pytest
from made_runs import forks, make_run, make_sweep, rows, sound, start

from dllab.runs import database, entries
from dllab.runs.index import NAME, Index


@pytest.fixture(autouse=True)
def old_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read again while they are young; here only what has changed shall be."""
    monkeypatch.setattr(entries, "YOUNG", 0.0)


@pytest.mark.parametrize("how", ["no database", "cut", "bytes", "another program's", "header"])
def test_a_damaged_file_is_set_aside_and_made_anew(tmp_path: Path, how: str) -> None:
    make_run(tmp_path, "one")
    make_sweep(tmp_path, members=range(200))
    before, path = rows(tmp_path), tmp_path / NAME
    content = bytearray(path.read_bytes())
    if how == "no database":
        content = bytearray(b"no database at all\n" * 100)
    elif how == "cut":
        content = content[: len(content) // 2 + 100]
    elif how == "bytes":
        content[4096:8192] = b"\xa5" * 4096
    elif how == "header":
        content[:100] = b"\0" * 100
    path.write_bytes(content)
    if how == "another program's":
        path.unlink()
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE mine (x)")
        connection.close()
    told: list[str] = []
    assert rows(tmp_path, told) == before
    assert told == [f"{path} was damaged: it is set aside as {NAME}.damaged, and made anew from the runs"]
    assert (tmp_path / f"{NAME}.damaged").exists()
    assert rows(tmp_path) == before
    sound(tmp_path)


def test_a_file_of_another_version_is_made_anew_without_a_word(tmp_path: Path) -> None:
    make_run(tmp_path, "one")
    rows(tmp_path)
    with sqlite3.connect(tmp_path / NAME) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("DROP TABLE entries")
    connection.close()
    assert rows(tmp_path) == [("one", -1, "finished")]


def test_two_processes_that_find_the_damage_set_it_aside_once(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"no database at all\n" * 100)
    assert database.set_aside(path) == tmp_path / f"{NAME}.damaged"
    make_run(tmp_path, "one")
    assert rows(tmp_path) == [("one", -1, "finished")]
    assert database.set_aside(path) is None
    assert rows(tmp_path) == [("one", -1, "finished")]


@forks
def test_many_that_find_the_damage_at_once_make_one_index(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_run(tmp_path, name)
    before = rows(tmp_path)
    for content in (b"no database at all\n" * 100, (tmp_path / NAME).read_bytes()[:5000]):
        (tmp_path / NAME).write_bytes(content)
        children = []
        for _ in range(6):
            child = os.fork()
            if child == 0:
                code = 9
                try:
                    told: list[str] = []
                    code = len(told) if rows(tmp_path, told) == before and len(told) < 2 else 8
                finally:
                    os._exit(code)
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        assert codes.count(0) + codes.count(1) == 6 and codes.count(1) == 1, codes
        sound(tmp_path)


def test_where_no_file_can_be_written_the_folders_are_read(tmp_path: Path) -> None:
    make_run(tmp_path, "one")
    (tmp_path / NAME).mkdir()
    told: list[str] = []
    assert rows(tmp_path, told) == [("one", -1, "finished")]
    reason = "it cannot be opened or made"
    assert told == [f"{tmp_path / NAME} cannot be used: {reason}; the runs themselves are read, which takes longer"]


def test_a_file_that_cannot_be_changed_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a folder without rights only what is new has to be read."""
    make_run(tmp_path, "one")
    rows(tmp_path)
    make_run(tmp_path, "two")
    real = database._connected

    def unwritable(path: Path) -> sqlite3.Connection:
        connection = real(path)
        connection.execute("PRAGMA query_only = 1")
        return connection

    monkeypatch.setattr(database, "_connected", unwritable)
    told: list[str] = []
    read: list[str] = []
    whole = entries.read
    monkeypatch.setattr(
        "dllab.runs.index.read", lambda root, found, *rest: read.append(found.name) or whole(root, found, *rest)
    )
    assert len(rows(tmp_path, told)) == 2
    assert "it may not be written" in told[0]
    assert read == ["two", "two"]  # before it was clear, and after


def test_a_lock_that_never_ends_is_waited_for_and_then_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.01)
    make_run(tmp_path, "one")
    rows(tmp_path)
    make_run(tmp_path, "two")
    other = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    told: list[str] = []
    assert len(rows(tmp_path, told)) == 2
    assert "another process has locked it" in told[0]
    other.execute("ROLLBACK")
    other.close()
    assert len(rows(tmp_path)) == 2


LIMITED = """
import resource, sys
from pathlib import Path
from made_runs import rows
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), hard))
told = []
print(len(rows(Path(sys.argv[1]), told)))
print(*told)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))  # what measures coverage writes its file at the end
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of resources")
@pytest.mark.parametrize("limit", [0, 8192, 40_000])
def test_a_full_disk_is_told_and_leaves_the_store_intact(tmp_path: Path, limit: int) -> None:
    make_run(tmp_path, "one")
    before = rows(tmp_path) if limit > 8192 else None
    make_sweep(tmp_path, members=range(2000))
    process = start(LIMITED, tmp_path, limit)
    out, errors = process.communicate(timeout=120)
    assert errors == "" and process.returncode == 0
    lines = out.splitlines()
    assert lines[0] == "2001"
    assert f"{tmp_path / NAME} cannot be used: " in lines[1] and "full" in lines[1]
    if before is not None:
        connection = sqlite3.connect(tmp_path / NAME)
        assert connection.execute("SELECT folder, member, status FROM entries").fetchall() == before
        connection.close()
    assert len(rows(tmp_path)) == 2001
    sound(tmp_path)


@pytest.mark.parametrize(
    ("version", "mode"), [((3, 40, 1), "delete"), ((3, 51, 2), "delete"), ((3, 51, 3), "wal"), ((3, 52, 0), "wal")]
)
def test_wal_only_where_it_has_no_race(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], mode: str
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    make_run(tmp_path, "one")
    with Index(tmp_path, print) as index:
        found = index.ask(
            lambda connection: [*connection.execute("PRAGMA journal_mode"), *connection.execute("PRAGMA synchronous")]
        )
    assert found == [(mode,), (1 if mode == "wal" else 2,)]
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))
    assert len(rows(tmp_path)) == 1  # and back again, as nobody else has it open
