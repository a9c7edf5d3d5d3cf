"""Folders of runs: names, files, errors."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dllab
from dllab.runs import store
from dllab.runs.store import RunFolder, StoreError, load_weights, plain, root_of, safe

NET: dict[str, Any] = {
    "input": [3], "model": [{"dense": {"units": 4, "name": "first"}}, "batch_norm", {"dense": 2}], "loss": "mse",
}  # fmt: skip


def test_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DLLAB_RUNS", raising=False)
    assert root_of() == Path("runs")
    monkeypatch.setenv("DLLAB_RUNS", "/somewhere")
    assert root_of() == Path("/somewhere")
    assert root_of("here") == Path("here")


def test_folders_of_the_same_second_differ(tmp_path: Path) -> None:
    paths = [RunFolder.create("spirals", tmp_path).path for _ in range(5)]
    assert len(set(paths)) == 5
    assert all(path.name.startswith("spirals-") and path.is_dir() for path in paths)


def _create_many(root: str) -> list[str]:
    return [str(RunFolder.create("xor", root).path) for _ in range(20)]


def test_processes_never_share_a_folder(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        made = [path for paths in pool.map(_create_many, [str(tmp_path)] * 3) for path in paths]
    assert len(set(made)) == len(made) == len(list(tmp_path.iterdir()))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("spirals", "spirals"), ("a/b c", "a-b-c"), ("..", "run"), ("", "run"), ("ä" * 9, "run"), ("x" * 200, "x" * 60)],
)
def test_names_suit_any_file_system(name: str, expected: str) -> None:
    assert safe(name) == expected


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(StoreError, match="name another place with --run-dir"):
        RunFolder.create("xor", file / "runs")
    with pytest.raises(StoreError, match="there is no folder"):
        RunFolder.create("xor", tmp_path / "no" / "such")
    with pytest.raises(StoreError, match="cannot go to"):
        RunFolder.create("xor", "null\0byte")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="Permission denied"):
        RunFolder.create("xor", tmp_path)


def test_metrics_are_lines_at_once(tmp_path: Path) -> None:
    folder = RunFolder.create("xor", tmp_path)
    folder.add_metrics({"epoch": 1, "loss": float("nan")})
    folder.add_metrics({"epoch": 2, "loss": np.float32(0.5)})
    lines = (folder.path / store.METRICS).read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"epoch": 1, "loss": None}, {"epoch": 2, "loss": 0.5}]
    folder.close()


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder.create("xor", tmp_path)
    folder.write_status({"status": "running"})

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StoreError, match="No space left"):
        folder.write_status({"status": "finished"})
    assert json.loads((folder.path / store.STATUS).read_text()) == {"status": "running"}
    assert sorted(path.name for path in folder.path.iterdir()) == [store.METRICS, store.STATUS]
    folder.close()


def test_weights_come_back(tmp_path: Path) -> None:
    net = dllab.build(NET, seed=1)
    net.step(np.ones((4, 3)) * np.arange(4)[:, None], np.ones((4, 2)))
    folder = RunFolder.create("net", tmp_path)
    folder.write_weights(net)
    folder.close()
    other = dllab.build(NET, seed=2)
    load_weights(other, folder.path)
    for name, array in store.weights_of(net).items():
        np.testing.assert_array_equal(array, store.weights_of(other)[name])
    assert any(name not in net.parameters for name in store.weights_of(net))  # the running statistics
    assert "first.w" in store.weights_of(net)


def test_weights_of_another_net_are_refused(tmp_path: Path) -> None:
    folder = RunFolder.create("net", tmp_path)
    folder.write_weights(dllab.build(NET))
    folder.close()
    with pytest.raises(StoreError, match="another net"):
        load_weights(dllab.build({**NET, "model": [{"dense": 2}]}), folder.path)
    (folder.path / store.WEIGHTS).write_bytes(b"nonsense")
    with pytest.raises(StoreError, match="is damaged"):
        load_weights(dllab.build(NET), folder.path)
    with pytest.raises(StoreError, match="cannot be read"):
        load_weights(dllab.build(NET), tmp_path / "nowhere")


def test_plain() -> None:
    value = {"a": (1, float("inf"), [np.float64("nan")]), "b": np.array([1.5, np.nan]), "c": "text", "d": None}
    assert plain(value) == {"a": [1, None, [None]], "b": [1.5, None], "c": "text", "d": None}


def test_equal_weights_are_equal_bytes(tmp_path: Path) -> None:
    contents = set()
    for number in range(6):
        folder = RunFolder.create(f"run{number}", tmp_path)
        folder.write_weights(dllab.build(NET), {"recipe": "net", "steps": "7", "more": "facts"})
        contents.add((folder.path / "weights.safetensors").read_bytes())
    assert len(contents) == 1
