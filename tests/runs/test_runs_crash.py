"""Crashes and failing disks at every single operation on a run's folder: nothing that was kept is lost."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.runs.disk import StoreError
from dllab.runs.result import Interrupted
from dllab.runs.store import BEST, CHECKPOINT, DATA, METRICS, RECIPE, STATUS, WEIGHTS, RunFolder
from dllab.training.events import EpochEnd, Event, Progress

RECIPE_OF_TESTS: dict[str, Any] = {
    "data": {"name": "moons", "samples": 60, "validation": 0.2},
    "model": [{"dense": 4}, "batch_norm", "tanh", {"dropout": 0.2}, {"dense": "classes"}],
    "optimizer": {"adam": {"lr": 0.02}},
    "schedule": "plateau",
    "train": {"epochs": 6, "batch": 16, "checkpoint": {"every": 2, "best": True}},
}
OPERATIONS = ("open", "write", "fsync", "replace", "mkdir", "ftruncate")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="forks")


@contextmanager
def faults(folder: Path, on_operation: Callable[[int, str, str], None], half: int = -1) -> Iterator[list[tuple[str, str]]]:
    """Call `on_operation(number, name, file)` before each operation on files in a folder; yields their log.

    With `half`, a write that it raises from or ends the process in has written half of its bytes by then.
    """
    log: list[tuple[str, str]] = []
    handles: dict[int, str] = {}
    real = {name: getattr(os, name) for name in OPERATIONS}

    def wrapped(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            first = arguments[0]
            file = handles.get(first) if isinstance(first, int) else os.fspath(first)
            if file is None or not str(file).startswith(str(folder)):
                return real[name](*arguments, **options)
            if name == "write" and len(log) == half:
                real["write"](first, bytes(arguments[1][: len(arguments[1]) // 2]))
            log.append((name, str(file)))
            on_operation(len(log) - 1, name, str(file))
            result = real[name](*arguments, **options)
            if name == "open":
                handles[result] = str(file)
            return result

        return call

    for name in OPERATIONS:
        setattr(os, name, wrapped(name))
    try:
        yield log
    finally:
        for name in OPERATIONS:
            setattr(os, name, real[name])


def nothing(number: int, name: str, file: str) -> None:
    """No fault."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dllab.Result:
    """The run without faults."""
    return dllab.train(RECIPE_OF_TESTS, run_dir=tmp_path_factory.mktemp("whole"))


def same(result: dllab.Result, whole: dllab.Result) -> None:
    """Fail unless two runs came to the same bits and tell the same story."""
    assert result.folder is not None and whole.folder is not None
    assert result.status == whole.status
    for name in (WEIGHTS, BEST):
        assert (result.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    first, second = (
        [
            {k: v for k, v in json.loads(line).items() if k != "seconds"}
            for line in (folder / METRICS).read_text().splitlines()
        ]
        for folder in (result.folder, whole.folder)
    )
    assert first == second
    (a, _), (b, _) = (RunFolder(folder).read_arrays(CHECKPOINT) for folder in (result.folder, whole.folder))
    assert {n: x.tobytes() for n, x in a.items()} == {n: x.tobytes() for n, x in b.items()}


def whole_files_only(folder: Path) -> None:
    """Fail if a file of a run is neither missing nor as it was written."""
    run = RunFolder(folder)
    for name in (CHECKPOINT, WEIGHTS, BEST):
        if run.has(name):
            run.read_arrays(name)
    for name, read in ((DATA, run.read_data), (STATUS, run.read_status)):
        if run.has(name):
            read()
    if run.has(RECIPE):
        dllab.build(folder / RECIPE)


def go_on_or_refuse(folder: Path, whole: dllab.Result, had_checkpoint: bool) -> str:
    """Resume what a fault left: the same bits, or a refusal that is due."""
    whole_files_only(folder)
    try:
        result = dllab.resume(folder)
    except StoreError as error:
        text = str(error)
        if "has done all of its" in text:
            return "all done"
        assert not had_checkpoint, text
        assert "before its first checkpoint" in text or "no folder of a run" in text, text
        return "refused"
    same(result, whole)
    assert not list(folder.glob(".new-*"))
    return "same"


def dying(work: Callable[[], Any], folder: Path, number: int) -> None:
    """Do some work in a process of its own that is killed at that operation on the folder, in mid-write if it is one."""
    child = os.fork()
    if not child:
        try:
            with faults(folder, lambda n, *_: os.kill(os.getpid(), signal.SIGKILL) if n == number else None, half=number):
                work()
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def operations(folder: Path) -> list[tuple[str, str]]:
    """What a run does to its folder, in order."""
    with faults(folder, nothing) as log:
        dllab.train(RECIPE_OF_TESTS, run_dir=folder)
    return log


def test_a_file_is_on_the_disk_before_its_name_leads_to_it(tmp_path: Path) -> None:
    log = operations(tmp_path)
    replaced = [number for number, (name, _) in enumerate(log) if name == "replace"]
    assert len(replaced) >= 3 + 3 * 2 + 2  # recipe, data, status; three checkpoints and best weights; weights, status
    for number in replaced:
        assert log[number - 1] == ("fsync", log[number][1])
        assert log[number - 2] == ("write", log[number][1])
        assert [name for name, _ in log[number + 1 : number + 3]] == ["open", "fsync"]  # the folder
    checkpoints = [number for number in replaced if CHECKPOINT in log[number][1]]
    for number in checkpoints:  # a checkpoint tells of metrics that are there
        lines = [i for i in range(number) if log[i][0] == "write" and log[i][1].endswith(METRICS)]
        assert any(log[i] == ("fsync", log[lines[-1]][1]) for i in range(lines[-1], number))


def test_a_crash_at_every_operation(tmp_path: Path, whole: dllab.Result) -> None:
    (tmp_path / "count").mkdir()
    count = len(operations(tmp_path / "count"))
    outcomes = []
    for number in range(count):
        root = tmp_path / f"crash{number}"
        root.mkdir()
        dying(lambda root=root: dllab.train(RECIPE_OF_TESTS, run_dir=root), root, number)  # type: ignore[misc]
        for folder in root.iterdir():
            outcomes.append(go_on_or_refuse(folder, whole, (folder / CHECKPOINT).exists()))
    assert outcomes.count("same") > count // 2
    assert "refused" in outcomes


@pytest.mark.parametrize("code", [errno.ENOSPC, pytest.param(errno.EIO, marks=pytest.mark.slow)], ids=["ENOSPC", "EIO"])
def test_a_failing_disk_at_every_operation(tmp_path: Path, whole: dllab.Result, code: int) -> None:
    (tmp_path / "count").mkdir()
    count = len(operations(tmp_path / "count"))
    outcomes = []
    for number in range(count):
        root = tmp_path / f"fault{number}"
        root.mkdir()

        def fail(current: int, name: str, file: str, number: int = number) -> None:
            if current >= number:  # and from then on
                raise OSError(code, os.strerror(code), file)

        with faults(root, fail), pytest.raises(StoreError) as told:
            dllab.train(RECIPE_OF_TESTS, run_dir=root)
        assert os.strerror(code) in str(told.value)
        for folder in root.iterdir():
            had = (folder / CHECKPOINT).exists()
            assert had == ("dllab resume" in str(told.value))
            outcomes.append(go_on_or_refuse(folder, whole, had))
    assert outcomes.count("same") > count // 2


def test_a_disk_that_fails_once(tmp_path: Path, whole: dllab.Result) -> None:
    """Whatever fails is told, even if all goes well afterwards."""
    (tmp_path / "count").mkdir()
    for number in range(1, len(operations(tmp_path / "count"))):  # 0 makes the folder of runs, which is there already
        root = tmp_path / f"fault{number}"
        root.mkdir()

        def fail(current: int, name: str, file: str, number: int = number) -> None:
            if current == number:
                raise OSError(errno.EIO, os.strerror(errno.EIO), file)

        with faults(root, fail), pytest.raises(StoreError):
            dllab.train(RECIPE_OF_TESTS, run_dir=root)
        for folder in root.iterdir():
            go_on_or_refuse(folder, whole, (folder / CHECKPOINT).exists())


@pytest.mark.slow
def test_a_crash_while_going_on(tmp_path: Path, whole: dllab.Result) -> None:
    """The same for `resume`: its own writes are as safe."""

    def stopped(root: Path) -> Path:
        def press(event: Event) -> None:
            if isinstance(event, EpochEnd | Progress) and event.step >= 5:
                raise KeyboardInterrupt

        with pytest.raises(Interrupted) as caught:
            dllab.train(RECIPE_OF_TESTS, run_dir=root, on_event=press)
        folder = caught.value.result.folder
        assert folder is not None
        return folder

    (tmp_path / "count").mkdir()
    first = stopped(tmp_path / "count")
    with faults(first, nothing) as log:
        dllab.resume(first)
    for number in range(len(log)):
        root = tmp_path / f"crash{number}"
        root.mkdir()
        folder = stopped(root)
        dying(lambda folder=folder: dllab.resume(folder), folder, number)  # type: ignore[misc]
        assert go_on_or_refuse(folder, whole, had_checkpoint=True) in ("same", "all done")


def test_a_write_that_is_cut_in_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: dllab.Result) -> None:
    """A system that writes a few bytes at a time changes nothing."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: real(handle, bytes(content[:97])))
    result = dllab.train(RECIPE_OF_TESTS, run_dir=tmp_path)
    monkeypatch.undo()
    same(result, whole)


def test_half_a_line_of_metrics_is_dropped(tmp_path: Path, whole: dllab.Result) -> None:
    def press(event: Event) -> None:
        if isinstance(event, EpochEnd) and event.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        dllab.train(RECIPE_OF_TESTS, run_dir=tmp_path, on_event=press)
    folder = caught.value.result.folder
    assert folder is not None
    with (folder / METRICS).open("a") as file:
        file.write('{"epoch": 4, "lo')
    same(dllab.resume(folder), whole)


def test_damage_is_refused_and_nothing_is_touched(tmp_path: Path, whole: dllab.Result) -> None:
    def press(event: Event) -> None:
        if isinstance(event, EpochEnd) and event.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        dllab.train(RECIPE_OF_TESTS, run_dir=tmp_path, on_event=press)
    folder = caught.value.result.folder
    assert folder is not None
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    generator = np.random.default_rng(0)
    for name in (CHECKPOINT, METRICS, STATUS, RECIPE):
        damaged = bytearray(kept[name])
        place = int(generator.integers(len(damaged)))
        for content in (b"", bytes(damaged[:place]), bytes(damaged[:place] + b"\xff" + damaged[place + 1 :]), None):
            (folder / name).unlink()
            if content is not None:
                (folder / name).write_bytes(content)
            before = {path.name: path.read_bytes() for path in folder.iterdir()}
            with pytest.raises((StoreError, dllab.recipe.RecipeError)):
                dllab.resume(folder)
            assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
            (folder / name).write_bytes(kept[name])
    same(dllab.resume(folder), whole)
