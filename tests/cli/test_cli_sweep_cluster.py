"""`dllab sweep --cluster` with a scheduler and workers in processes of their own, as in docs/cluster.md."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_lines import typed

pytest.importorskip("distributed", reason="needs dask and distributed")

from dllab.core.settings import jit_enabled

pytestmark = [
    pytest.mark.skipif(not jit_enabled() or not hasattr(signal, "SIGKILL"), reason="too long without compiled kernels"),
    pytest.mark.slow,
]
RECIPE = """\
data: {name: moons, samples: 40}
model: [{dense: 4}, tanh, {dense: classes}]
train: {epochs: 100, batch: 16}
"""
LINE = ["sweep", "r.yaml", "optimizer.lr=log(0.001,1,40)", "--seeds", "10"]


@pytest.fixture
def dask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A scheduler, which may be killed, and its address; two workers."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("DLLAB_RUNS", raising=False)
    (tmp_path / "r.yaml").write_text(RECIPE)
    command = [sys.executable, "-m", "dask"]
    scheduler = subprocess.Popen([*command, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
                                 stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)  # fmt: skip
    assert scheduler.stderr is not None
    found = next(filter(None, (re.search(r"tcp://127\.0\.0\.1:\d+", line) for line in scheduler.stderr)))
    drain = threading.Thread(target=scheduler.stderr.read, daemon=True)
    drain.start()
    line = [*command, "worker", found[0], "--nthreads", "1", "--no-dashboard", "--death-timeout", "20"]
    nowhere = {"stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    workers = [subprocess.Popen(line, cwd=tmp_path, **nowhere) for _ in range(2)]  # type: ignore[call-overload]
    yield scheduler, found[0]
    for process in (*workers, scheduler):
        process.kill()
        process.wait()
    drain.join()
    scheduler.stderr.close()


def journal(here: Path) -> list[dict[str, object]]:
    whole = [path.read_text().rpartition("\n")[0] for path in here.glob("runs/sweep-*/members.jsonl")]
    return [json.loads(line) for text in whole for line in text.splitlines()]


def test_a_scheduler_that_is_killed_midway(tmp_path: Path, dask: tuple[subprocess.Popen[str], str]) -> None:
    scheduler, address = dask

    def kill() -> None:
        while len(journal(tmp_path)) < 20:
            time.sleep(0.02)
        os.kill(scheduler.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    done = typed(tmp_path, [*LINE, "--cluster", address, "--quiet"])
    killer.join()
    assert done.code == 2 and done.err.startswith(f"dllab: the scheduler {address} is gone\n")
    kept = journal(tmp_path)
    assert 20 <= len(kept) < 400
    again = typed(tmp_path, ["sweep", "--resume", "last"])
    assert again.code == 0 and "r: 400 members trained" in again.out
    there = {line["index"]: line["final"] for line in journal(tmp_path)}
    (tmp_path / "runs").rename(tmp_path / "before")
    assert typed(tmp_path, [*LINE, "--quiet"]).code == 0
    assert there == {line["index"]: line["final"] for line in journal(tmp_path)} and len(there) == 400


def test_small_members_cost_the_scheduler_little(
    tmp_path: Path, dask: tuple[subprocess.Popen[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import Client

    sent: list[int] = []
    submit = Client.submit
    monkeypatch.setattr(Client, "submit", lambda self, f, job, batch, **options: (
        sent.append(len(batch)), submit(self, f, job, batch, **options))[1])  # fmt: skip
    (tmp_path / "r.yaml").write_text(RECIPE.replace("epochs: 100", "epochs: 2"))
    done = typed(tmp_path, ["sweep", "r.yaml", "optimizer.lr=log(0.001,1,100)", "--seeds", "50", "--cluster", dask[1]])
    assert done.code == 0 and "r: 5,000 members trained" in done.out and sum(sent) == 5000
    assert len(sent) < 100, "messages, not members, are what a scheduler is slow at"
