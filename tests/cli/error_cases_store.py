"""Lines about runs that were kept which are refused, and what happens to the folder of `command_lines` before."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from error_cases import Case
from made_runs import make_sweep

from dllab.runs.disk import Lock


def told(line: str, **facts: Any) -> Case:
    """The run.json of the run `one` says something else."""

    def act(folder: Path) -> None:
        path = folder / "runs/one/run.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))

    return line, act


def swept(line: str, change: Callable[[Path], object] = lambda sweep: None) -> Case:
    """There is a sweep, and something happens to it."""

    def act(folder: Path) -> None:
        change(make_sweep(folder / "runs", "sweep-xor-1", range(3)))

    return line, act


def locked(line: str) -> Case:
    """Somebody trains in the run `one`."""

    def act(folder: Path) -> None:
        lock = Lock(folder / "runs/one")
        HELD.append(lock)

    return line, act


HELD: list[Lock] = []
"""Locks that nobody gives back before the process ends."""


def unfinished(folder: Path) -> None:
    """The run `two` was killed before its first evaluation."""
    (folder / "runs/two/metrics.jsonl").write_text("")


def folded(folder: Path) -> None:
    """The recipe of the run `one` asks for folds, which it had none of."""
    path = folder / "runs/one/recipe.yaml"
    path.write_text(path.read_text().replace("folds: null", "folds: 2"))


def without_a_fold(folder: Path) -> None:
    """The run `one` is of folds, and was interrupted before the first of them had ended."""
    folded(folder)
    told("", status="interrupted", folds=[])[1](folder)  # type: ignore[operator]


def emptied(folder: Path) -> None:
    """There is no run any more."""
    shutil.rmtree(folder / "runs/one")
    shutil.rmtree(folder / "runs/two")


def failed(sweep: Path) -> None:
    lines = (sweep / "members.jsonl").read_text().replace('"finished"', '"failed"').replace("null", '"no such unit"')
    (sweep / "members.jsonl").write_text(lines)


STORE: list[Case] = [
    *((line, {}) for line in (
        "runs lsit", "runs list --where accuracy", "runs list --where 'test_acuracy>0.9'", "runs list --where 'recipe>xor'",
        "runs list --where 'began>soon'", "runs list --where 'age<soon'", "runs list --sort recpie", "runs list noe",
        "runs --where seed=", "runs list --limit -1", "runs list --run-dir nothing/here", "runs best --recipe xro",
        "runs best --metric lr", "runs best --metric test_acc", "runs best --limit 0", "runs show", "runs show noe",
        "runs compare one", "runs compare one noe", "runs export table.txt", "runs export nothing/runs.csv", "runs rm one",
        "runs rm noe --yes", "runs rm", "verify", "verify noe", "verify folder",
    )),
    swept("runs show sweep-xor-1"), swept("runs show sweep-xor-1:7"), swept("verify sweep-xor-1"),
    swept("runs show sweep-xor-1:7", lambda sweep: (sweep / "members.jsonl").write_text("")),
    swept("verify sweep-xor-1:2", failed),
    swept("verify sweep-xor-1:2", lambda sweep: (sweep / "sweep.json").write_text("{}")),
    ("verify two", unfinished), ("verify one", folded), ("verify one", without_a_fold),
    ("runs best --recipe xor", emptied), ("runs list --where units=4", {}),
    told("verify one", resumed=[{"step": 3, "changes": ["optimizer.lr: 0.1 so far, 0.2 from now on (recipe.yaml)"]}]),
    locked("verify one"), locked("runs rm one --yes"),
]  # fmt: skip
