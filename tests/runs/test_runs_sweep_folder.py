"""The folder of a sweep: a journal that is whole down to its last line break, whatever happened to it."""

from __future__ import annotations

import errno
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from dllab.runs import disk
from dllab.runs.disk import StoreError
from dllab.runs.journal import Journal, line_of, lines_of
from dllab.runs.sweep_folder import MEMBERS, PLAN, SweepFolder, find_sweep, sweeps_in

PLANNED = {"recipe": "r", "values": [], "seeds": 1, "first_seed": 0, "members": 50, "recipe_yaml": "model: []\n"}


def document(index: int, status: str = "finished") -> dict[str, Any]:
    final = {"test": {"loss": float("nan"), "accuracy": 0.1 * index}}
    return {"index": index, "overrides": [f"name=ä{index}"], "seed": 0, "status": status, "final": final, "error": None}


def filled(root: Path, count: int = 20) -> SweepFolder:
    folder = SweepFolder.create("r", root)
    folder.write_plan(PLANNED)
    for first in range(0, count, 3):
        folder.add([line_of(document(index)) for index in range(first, min(first + 3, count))])
    folder.close()
    return folder


def test_what_is_added_is_there(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    assert folder.path.name.startswith("sweep-r-") and {path.name for path in folder.path.iterdir()} == {PLAN, MEMBERS}
    assert folder.read_plan() == PLANNED
    told = [one for _, one in folder.members(50)]
    assert [one["index"] for one in told] == list(range(20))
    assert told[1]["final"] == {"test": {"loss": None, "accuracy": 0.1}}
    assert all(json.loads(line) == one for line, one in folder.members(50))
    assert len(list(folder.members(7))) == 7, "members that are none of this sweep are passed over"


@pytest.mark.parametrize("seed", range(3))
def test_a_journal_cut_anywhere_goes_on_behind_its_last_whole_line(tmp_path: Path, seed: int) -> None:
    folder = filled(tmp_path)
    content = (folder.path / MEMBERS).read_bytes()
    chance = random.Random(seed)
    for end in [0, 1, len(content), len(content) - 1, *(chance.randrange(len(content)) for _ in range(60))]:
        (folder.path / MEMBERS).write_bytes(content[:end])
        whole = content[:end].count(b"\n")
        assert len(list(folder.members(50))) == whole, "half a line says nothing"
        folder.open()
        folder.add([line_of(document(30))])
        folder.close()
        told = [one["index"] for _, one in folder.members(50)]
        assert told == [*range(whole), 30]


def test_lines_of_anything_are_passed_over(tmp_path: Path) -> None:
    folder = filled(tmp_path, 2)
    chance = random.Random(1)
    wrong = [{**document(3), **one} for one in ({"error": ["a"]}, {"final": [1]}, {"final": {"test": 1}}, {"status": None},
             {"overrides": "a=1"}, {"overrides": [1]}, {"curve": 3})]  # fmt: skip
    with (folder.path / MEMBERS).open("ab") as file:
        for text in ("[]", "{}", "nonsense", '{"index": "3", "status": "finished"}', '{"index": -1, "status": "finished"}',
                     '{"index": 3, "status": "finished", "final": {}}', *map(json.dumps, wrong),
                     '{"index": 3}', '{"index": true, "status": "x"}', "[" * 100_000, ""):  # fmt: skip
            file.write(f"{text}\n".encode())
        file.write(bytes(chance.randrange(256) for _ in range(3000)) + b"\n")
        file.write(line_of(document(5)).encode() + b"\n")
    assert [one["index"] for _, one in folder.members(50)] == [0, 1, 5]


def test_a_long_torn_end_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(b'{"a": 1}\n' + b"x" * 200_000)
    journal = Journal(path)
    journal.open()
    journal.add(['{"b": 2}'])
    journal.close()
    assert path.read_bytes() == b'{"a": 1}\n{"b": 2}\n'
    assert [told for _, told in lines_of(path)] == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("where", ["write", "fsync"])
def test_a_full_disk_leaves_the_journal_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    folder = filled(tmp_path, 4)
    before = (folder.path / MEMBERS).read_bytes()
    folder.open()
    real = os.write

    def full(handle: int, content: bytes) -> int:
        if where == "write" and len(content) < 40:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(handle, content[: len(content) // 2 or 1]) if where == "write" else real(handle, content)

    def unsynced(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(disk.os, "write", full)
        if where == "fsync":
            patched.setattr(os, "fsync", unsynced)
        with pytest.raises(StoreError) as caught:
            folder.add([line_of(document(9)), line_of(document(10))])
    told = str(caught.value)
    assert "members.jsonl cannot be written: No space left on device" in told and "go on with --resume" in told
    assert (folder.path / MEMBERS).read_bytes() == before
    folder.add([line_of(document(9))])
    folder.close()
    assert [one["index"] for _, one in folder.members(50)] == [0, 1, 2, 3, 9]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    folder.open()
    with pytest.raises(StoreError, match="a sweep is being trained there by another process"):
        SweepFolder(folder.path).open()
    folder.close()
    SweepFolder(folder.path).open()


def test_sweeps_are_found(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no sweep in"):
        find_sweep("last", tmp_path)
    first = filled(tmp_path).path
    os.utime(first, ns=(1, 1))
    second = filled(tmp_path).path
    assert second != first and sweeps_in(tmp_path) == [second, first]
    assert find_sweep("last", tmp_path) == second == find_sweep(second.name, tmp_path) == find_sweep(str(second))
    for name in ("nothing", "", "\x00", str(tmp_path)):
        with pytest.raises(StoreError, match="there is no sweep"):
            find_sweep(name, tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"recipe": 3}', json.dumps({**PLANNED, "members": "9"}).encode()])
def test_a_damaged_plan_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = filled(tmp_path)
    (folder.path / PLAN).write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"):
        folder.read_plan()
