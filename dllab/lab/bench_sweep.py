"""How many complete trainings a second a sweep comes to, and how much memory it takes at most.

Each sweep runs in a process of its own, as people start it, and is kept in a folder that is removed afterwards.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dllab.runs.sweep_folder import PLAN

EPOCHS, RATES = 200, 20
SIZES = (2_000, 10_000)


BETWEEN = """\
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
"""A small process that begins the sweep: Linux counts to a process what the one that began it had taken."""


class BenchFailed(Exception):
    """A sweep did not come to its end; the text is what it said."""


@dataclass(frozen=True)
class SweepTiming:
    """A sweep of xor: seeds times rates, so many epochs each. `peak`: bytes of memory at most, None where unknown."""

    members: int
    epochs: int
    seconds: float
    peak: int | None

    @property
    def rate(self) -> float:
        """Members a second."""
        return self.members / self.seconds


def run(sizes: tuple[int, ...] = SIZES) -> Iterator[SweepTiming]:
    """Sweeps of so many members, one after the other."""
    for members in sizes:
        with tempfile.TemporaryDirectory(prefix="dllab-bench-") as folder:
            yield _timed(members, Path(folder))


def _timed(members: int, folder: Path) -> SweepTiming:
    words = ["sweep", "xor", f"train.epochs={EPOCHS}", f"optimizer.lr=log(0.001,1,{RATES})"]
    words += ["--seeds", str(members // RATES), "--run-dir", str(folder), "--quiet"]
    with tempfile.TemporaryFile() as said:
        code, peak = _run([sys.executable, "-m", "dllab", *words], said)
        if code:
            said.seek(0)
            raise BenchFailed(said.read().decode("utf-8", "replace").strip())
    (kept,) = folder.glob(f"*/{PLAN}")
    document = json.loads(kept.read_text(encoding="utf-8"))
    return SweepTiming(sum(document["counts"].values()), EPOCHS, document["seconds"], peak)


def _run(words: list[str], said: IO[bytes]) -> tuple[int, int | None]:
    """A process's exit code, and the memory it took at most where the system tells."""
    if importlib.util.find_spec("resource") is None:
        return subprocess.call(words, stdout=said, stderr=said), None
    small = subprocess.run([sys.executable, "-c", BETWEEN, *words], stdout=subprocess.PIPE, stderr=said)
    return small.returncode, int(small.stdout or 0) * (1 if sys.platform == "darwin" else 1024)
