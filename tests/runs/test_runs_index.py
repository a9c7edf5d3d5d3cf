"""The index of runs: it notices what is new, takes many writers at once, survives kills, and whatever folders tell."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from made_runs import add_members, forks, make_run, make_sweep, member, rows, sound, start

from dllab.lab.run_best import best
from dllab.lab.run_lists import find
from dllab.runs import entries
from dllab.runs.disk import Lock, in_use
from dllab.runs.index import Index
from dllab.runs.remove import REMOVED, clear, remove
from dllab.views.run_lists import document as list_document

SWEEP = "sweep-xor-20261125-110000"


@pytest.fixture(autouse=True)
def old_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read again while they are young; here only what has changed shall be."""
    monkeypatch.setattr(entries, "YOUNG", 0.0)


def counted(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders that one look reads."""
    read = []
    real = entries.read

    def noting(root: Path, found: entries.Found, *rest: object) -> entries.Read:
        read.append(found.name)
        return real(root, found, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("dllab.runs.index.read", noting)
        rows(root)
    return read


# ---- what is new -----------------------------------------------------------------------------------------------------


def test_new_changed_and_deleted_folders_are_noticed_and_nothing_else_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path, "one")
    make_run(tmp_path, "two")
    assert rows(tmp_path) == [("one", -1, "finished"), ("two", -1, "finished")]
    assert counted(tmp_path, monkeypatch) == []
    make_run(tmp_path, "three")
    assert counted(tmp_path, monkeypatch) == ["three"]
    make_run(tmp_path, "two", status="diverged")
    assert counted(tmp_path, monkeypatch) == ["two"]
    shutil.rmtree(tmp_path / "one")
    assert rows(tmp_path) == [("three", -1, "finished"), ("two", -1, "diverged")]
    (tmp_path / "two").rename(tmp_path / "four")
    assert [name for name, _, _ in rows(tmp_path)] == ["four", "three"]


def test_a_recipe_that_is_edited_later_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = make_run(tmp_path, "one") / "recipe.yaml"
    make_run(tmp_path, "two")
    rows(tmp_path)
    recipe.write_text(recipe.read_text().replace("lr: 0.05", "lr: 0.02"))
    assert counted(tmp_path, monkeypatch) == ["one"]
    with Index(tmp_path, print) as index:
        assert [line.name for line in find(index, where=["lr=0.02"]).lines] == ["one"]
    recipe.unlink()
    assert counted(tmp_path, monkeypatch) == ["one"]
    assert counted(tmp_path, monkeypatch) == []


def test_a_young_record_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock may stand still between two changes."""
    monkeypatch.setattr(entries, "YOUNG", 60.0)
    make_run(tmp_path, "one")
    rows(tmp_path)
    assert counted(tmp_path, monkeypatch) == ["one"]


def test_of_a_sweep_only_new_lines_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = make_sweep(tmp_path, members=range(4))
    assert len(rows(tmp_path)) == 4
    lines: list[int] = []
    real = entries._member
    monkeypatch.setattr(entries, "_member", lambda line, *rest: lines.append(len(line)) or real(line, *rest))
    add_members(sweep, range(4, 7))
    assert [index for _, index, _ in rows(tmp_path)] == list(range(7))
    assert len(lines) == 3
    with Index(tmp_path, print) as index:
        (base,) = index.ask(lambda connection: connection.execute("SELECT base FROM folders").fetchone())
    assert json.loads(base)["model[0].dense.units"] == 8


def test_of_two_lines_of_one_member_the_later_counts(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path, members=range(3))
    assert rows(tmp_path)[1] == (SWEEP, 1, "finished")
    with (sweep / "members.jsonl").open("a") as file:
        file.write(json.dumps(member(1, status="failed", error="no")) + "\n")
    assert rows(tmp_path)[1] == (SWEEP, 1, "failed")


def test_half_a_line_comes_later_or_never(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path, members=range(2))
    line = json.dumps(member(2)) + "\n"
    with (sweep / "members.jsonl").open("a") as file:
        file.write(line[:20])
    assert len(rows(tmp_path)) == 2
    with (sweep / "members.jsonl").open("a") as file:
        file.write(line[20:] + "no JSON\n" + json.dumps(member(3)) + '\n{"index": "x", "status": 1}\n')
    assert [index for _, index, _ in rows(tmp_path)] == [0, 1, 2, 3]


def test_a_journal_that_was_cut_is_read_anew(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path, members=range(5))
    rows(tmp_path)
    (sweep / "members.jsonl").write_text(json.dumps(member(7)) + "\n")
    assert rows(tmp_path) == [(SWEEP, 7, "finished")]


def test_damaged_records_are_told_and_stop_nothing(tmp_path: Path) -> None:
    make_run(tmp_path, "good")
    for name, content in (("a", b"{"), ("b", b"[]"), ("c", b'{"status": 3}'), ("d", b"\xff"), ("e", b"{}")):
        make_run(tmp_path, name)
        (tmp_path / name / "run.json").write_bytes(content)
    (tmp_path / "good" / "recipe.yaml").write_text("data: [")
    (tmp_path / "no run").mkdir()
    (tmp_path / "file").touch()
    found = {name: status for name, _, status in rows(tmp_path)}
    assert found == {"a": "damaged", "b": "damaged", "c": "damaged", "d": "damaged", "e": "damaged", "good": "finished"}


def test_strange_numbers_and_letters_stop_nothing(tmp_path: Path) -> None:
    make_run(tmp_path, "good", recipe="half \ud800", seconds=10**400, seed=2**70)
    folder = make_sweep(tmp_path, "sweep-one")
    lines = [
        member(0, error="half \udc80", status="failed"), member(1, overrides=["a=\ud800"]), member(2**63), member(10**30),
        member(2, seconds=10**400), member(3, seed=10**30, steps=10**30, status="\ud800", recipe="\udfff"),
        member(4, final={"test": {"\ud800": 1.0}}), member(5, error=["a list"], overrides=None, final=[1]),
    ]  # fmt: skip
    (folder / "members.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for name in ("sweep-two", "sweep-three"):
        make_sweep(tmp_path, name)
    (tmp_path / "sweep-two" / "members.jsonl").unlink(missing_ok=True)
    (tmp_path / "sweep-two" / "members.jsonl").mkdir()
    if os.name != "nt":
        make_run(tmp_path, os.fsdecode(b"no \xff name"))
    found = rows(tmp_path)
    assert sorted(found) == [("good", -1, "finished"), ("sweep-one", 0, "failed"), ("sweep-one", 1, "finished"),
                             ("sweep-one", 2, "finished"), ("sweep-one", 3, "?"), ("sweep-one", 4, "finished"),
                             ("sweep-one", 5, "finished")]  # fmt: skip
    with Index(tmp_path, print) as index:
        (told,) = index.ask(lambda c: c.execute("SELECT error FROM entries WHERE status = 'failed'").fetchall())
    assert told == ("half ?",)


def test_a_run_that_nobody_trains_any_more_was_killed(tmp_path: Path) -> None:
    run = make_run(tmp_path, "one", status="running")
    lock = Lock(run)
    assert rows(tmp_path) == [("one", -1, "running")]
    lock.release()
    assert rows(tmp_path) == [("one", -1, "killed")]
    make_run(tmp_path, "one")
    assert rows(tmp_path) == [("one", -1, "finished")]


def test_whoever_looks_keeps_nobody_from_training(tmp_path: Path) -> None:
    run = make_run(tmp_path, "one", status="running")
    looking = os.open(run, os.O_RDONLY)
    fcntl = pytest.importorskip("fcntl")
    fcntl.flock(looking, fcntl.LOCK_SH)
    threading.Timer(0.02, lambda: os.close(looking)).start()
    lock = Lock(run)
    assert in_use(run)
    lock.release()
    assert not in_use(run) and not in_use(tmp_path / "none")


def test_no_folder_at_all(tmp_path: Path) -> None:
    told: list[str] = []
    assert rows(tmp_path / "none", told) == []
    assert told == [] and not (tmp_path / "none").exists()


def test_making_it_anew_changes_nothing(tmp_path: Path) -> None:
    make_run(tmp_path, "one")
    make_sweep(tmp_path, members=range(3))
    before = rows(tmp_path)
    with Index(tmp_path, print) as index:
        assert index.rebuild() == (1, 1, 3)
    assert rows(tmp_path) == before


# ---- many at once ----------------------------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from made_runs import add_members, make_run, make_sweep, rows
root, number, many = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
sweep = make_sweep(root, f"sweep-{number}")
for i in range(many):
    make_run(root, f"run-{number}-{i}", seed=i)
    add_members(sweep, range(10 * i, 10 * i + 10))
    found = rows(root)  # fails if anything is told
    own = {(name, member) for name, member, _ in found if name == f"sweep-{number}" or name.startswith(f"run-{number}-")}
    assert len(own) == 11 * (i + 1), (len(own), i)
"""


def test_eight_processes_write_one_store_and_no_row_is_lost(tmp_path: Path) -> None:
    """Each sees at once what it has written; none is told of a lock."""
    many = 8
    processes = [start(WRITER, tmp_path, number, many) for number in range(8)]
    said = [process.communicate(timeout=300) for process in processes]
    assert said == [("", "")] * 8
    assert [process.returncode for process in processes] == [0] * 8
    assert len(rows(tmp_path)) == 8 * many * 11
    sound(tmp_path)


# ---- kills -----------------------------------------------------------------------------------------------------------


def killed_while_writing(root: Path, number: int, seconds: float) -> None:
    """A process makes runs and members and looks at the index, again and again, until it is killed."""
    child = os.fork()
    if child == 0:
        try:
            sweep = make_sweep(root, f"sweep-{number}")
            for i in range(10**6):
                make_run(root, f"run-{number}-{i}", seed=i)
                add_members(sweep, range(100 * i, 100 * i + 100))
                rows(root, [])
        finally:
            os._exit(9)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child has come to an end of its own"


def kills(root: Path, count: int) -> None:
    generator = random.Random(count)
    for number in range(count):
        killed_while_writing(root, number, generator.uniform(0.01, 0.08))
        sound(root)  # rolls back what was half done
    told: list[str] = []
    found = rows(root, told)
    lines = sum(path.read_bytes().count(b"\n") for path in root.glob("*/members.jsonl"))
    runs = len(list(root.glob("*/run.json")))
    assert told == [] and len(found) == runs + lines
    with Index(root, told.append) as index:
        index.rebuild()
    assert rows(root) == found


@forks
def test_kills_at_any_instant_lose_nothing(tmp_path: Path) -> None:
    make_run(tmp_path, "first")
    rows(tmp_path)
    kills(tmp_path, 20)


@forks
@pytest.mark.slow
def test_200_kills_at_any_instant_lose_nothing(tmp_path: Path) -> None:
    make_run(tmp_path, "first")
    rows(tmp_path)
    kills(tmp_path, 200)


# ---- deletion --------------------------------------------------------------------------------------------------------


def test_a_deleted_run_is_gone_from_the_index(tmp_path: Path) -> None:
    remove(make_run(tmp_path, "one"))
    make_run(tmp_path, "two")
    assert [name for name, _, _ in rows(tmp_path)] == ["two"]


def test_a_deletion_that_was_killed_leaves_no_half_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path, "one")
    monkeypatch.setattr(shutil, "rmtree", lambda *rest, **options: None)
    remove(run)
    monkeypatch.undo()
    assert list(tmp_path.glob(f"{REMOVED}*"))
    assert rows(tmp_path) == []
    clear(tmp_path)
    assert not list(tmp_path.glob(f"{REMOVED}*"))


# ---- whatever stands in the files --------------------------------------------------------------------------------------

ODD = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
        st.sampled_from([10**400, -(10**30), math.nan, math.inf, -math.inf, "\ud800", "a\0b", "NaN", "Infinity", '"', "$"]),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
KEYS = ("recipe", "seed", "status", "steps", "epochs", "seconds", "began", "final")
NAMES = st.sampled_from(["test", "train", "loss", "accuracy", "\ud800", 'a"b', "a\0b", ""])
FINAL = st.dictionaries(NAMES, st.dictionaries(NAMES, ODD, max_size=2) | ODD, max_size=2)
TOLD = st.fixed_dictionaries({}, optional={**dict.fromkeys(KEYS, ODD), "final": FINAL})
NUMBERS = st.sampled_from([".inf", "-.inf", ".nan", "1e999", "1" * 30, "1" * 400, "'NaN'", '"\\uD800"', '"\\0"', "0x10"])
LINE = st.fixed_dictionaries(
    {"index": st.integers(0, 2**70), "status": st.sampled_from(["finished", "\ud800", ""])},
    optional={"overrides": st.dictionaries(st.text(max_size=3), ODD, max_size=2) | st.lists(st.sampled_from(
        ["optimizer.lr=NaN", "optimizer.lr=Infinity", "a\0=1", "b=\ud800", "c=1e999", "d=" + "9" * 400])), "final": FINAL,
        "error": ODD, "seed": ODD, "seconds": ODD, "recipe": ODD},
)  # fmt: skip


@given(told=TOLD, number=NUMBERS, line=LINE)
@example(told={"final": {"test": {"accuracy": math.nan}}}, number="0.05", line={"index": 0, "status": "finished"})
@example(told={}, number=".inf", line={"index": 0, "status": "finished", "overrides": ["optimizer.lr=NaN"]})
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_a_folder_tells_the_others_are_found(told: dict[str, Any], number: str, line: dict[str, Any]) -> None:
    """No query fails for one bad folder, and no document holds what is no JSON."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_run(root, "good", 0.75)
        bad = make_run(root, "bad", changes={"lr: 0.05": f"lr: {number}"})
        document = {**json.loads((bad / "run.json").read_text()), **told}
        (bad / "run.json").write_text(json.dumps(document))
        (make_sweep(root) / "members.jsonl").write_text(json.dumps(line) + "\n")
        with Index(root, print) as index:
            for asked in ({"sort": "-lr"}, {"sort": "test_accuracy"}, {"mean": True}, {"where": ["lr>0"]},
                          {"sort": "seconds"}, {"where": ["test_accuracy=none"]},
                          {"mean": True, "sort": "-lr"}):  # fmt: skip
                json.dumps(list_document(find(index, **asked)), allow_nan=False)  # type: ignore[arg-type]
            assert [one.name for one in find(index, where=["test_accuracy=0.75", "run=good"]).lines] == ["good"]
            best(index, metric=None, recipe=None, higher=lambda name: True)
