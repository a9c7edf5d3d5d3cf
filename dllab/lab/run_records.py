"""One run, or one member of a sweep, as its folder tells of it; and in what several differ."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dllab.lab.run_lists import differing
from dllab.runs.disk import StoreError, in_use
from dllab.runs.entries import PLAN, SWEEP, Entry, Found, read
from dllab.runs.find import find_run
from dllab.runs.settings import SEED, settings_of
from dllab.runs.store import METRICS, RECIPE, RunFolder, root_of

MEMBER = re.compile(r"(.+):(\d+)")


@dataclass(frozen=True)
class Record:
    """A run: `name` as other commands take it, its folder, what run.json or the line of the sweep's journal says.

    `settings`: all of the recipe, the seed among them. `history`: the lines of metrics.jsonl. `status` is `killed` where
    the record says that it runs and nobody trains it.
    """

    name: str
    path: Path
    member: int | None
    document: Mapping[str, Any]
    status: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Mapping[str, Any], ...] = ()

    @property
    def recipe(self) -> str:
        """The recipe's name."""
        return str(self.document.get("recipe", self.path.name))

    @property
    def changes_data(self) -> bool:
        """Whether a change to the recipe is one of its data."""
        return any(str(change).startswith("data") for change in self.document.get("changes") or [])

    @property
    def figures(self) -> dict[str, Any]:
        """Split to metric to value."""
        final = self.document.get("final")
        return {split: dict(values) for split, values in final.items()} if isinstance(final, dict) else {}


@dataclass(frozen=True)
class Comparison:
    """Runs side by side: the settings that differ, each with its value in every run (`absent`: it has none)."""

    records: tuple[Record, ...]
    differing: Mapping[str, tuple[Any, ...]]


class Absent:
    """Stands for a setting that a run has not."""

    def __repr__(self) -> str:
        return "-"


ABSENT = Absent()


def record_of(reference: str, run_dir: str | None = None) -> Record:
    """The run, or the member of a sweep (`SWEEP:17`), that is meant. Raises StoreError."""
    found = MEMBER.fullmatch(reference)
    path = None if found is None else _sweep(found[1], run_dir)
    if found is not None and path is not None:
        return _member(path, int(found[2]))
    if (path := _sweep(reference, run_dir)) is not None:
        raise StoreError(f"{reference} is a sweep: `dllab runs list {path.name}` lists its members\n"
                         f"  {path.name}:0 is the first of them")  # fmt: skip
    return _run(find_run(reference, run_dir))


def folder_of(reference: str, run_dir: str | None = None) -> Path:
    """The folder of a run or of a whole sweep. Raises StoreError."""
    return _sweep(reference, run_dir) or find_run(reference, run_dir)


def compare(records: Sequence[Record]) -> Comparison:
    """In what runs differ."""
    keys = differing([record.settings for record in records])
    return Comparison(tuple(records), {key: tuple(one.settings.get(key, ABSENT) for one in records) for key in keys})


def history_of(path: Path) -> tuple[Mapping[str, Any], ...]:
    """The whole lines of a run's metrics.jsonl."""
    found: list[Mapping[str, Any]] = []
    try:
        for line in (path / METRICS).read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n") and isinstance(told := json.loads(line), dict):
                found.append(told)
    except (OSError, ValueError, RecursionError):
        pass
    return tuple(found)


def _run(path: Path) -> Record:
    document = RunFolder(path).read_status()
    status = document["status"]
    if status == "running" and not in_use(path):
        status = "killed"
    return Record(path.name, path, None, document, status, _settings(path), history_of(path))


def _settings(path: Path) -> dict[str, Any]:
    try:
        return settings_of((path / RECIPE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return {}


def _sweep(reference: str, run_dir: str | None) -> Path | None:
    """The folder of a sweep, by its path or its name in the folder of runs."""
    for path in (Path(reference), root_of(run_dir) / reference):
        try:
            if path.is_dir() and (path / PLAN).is_file():
                return path
        except (OSError, ValueError):
            return None
    return None


def _member(path: Path, number: int) -> Record:
    reading = read(path.parent, Found(path.name, SWEEP, "0", os.stat(path / PLAN).st_size))
    found = [entry for entry in reading.entries if entry.member == number]
    if not found:
        numbers = sorted({entry.member for entry in reading.entries})
        there = (
            f"those that have ended have numbers from {numbers[0]} to {numbers[-1]}" if numbers else "none has ended yet"
        )
        raise StoreError(f"there is no member {number} in {path.name}\n  {there}")
    entry = found[-1]
    settings = {**reading.base, **entry.settings, SEED: entry.seed}
    return Record(f"{path.name}:{number}", path, number, _told(entry, path), entry.status, settings)


def _told(entry: Entry, path: Path) -> dict[str, Any]:
    """What a line of the journal says, as run.json would."""
    final: dict[str, dict[str, Any]] = {}
    for name, value in entry.figures.items():
        split, _, metric = name.partition("_")
        final.setdefault(split, {})[metric] = value
    return {
        "recipe": entry.recipe, "seed": entry.seed, "status": entry.status, "steps": entry.steps, "seconds": entry.seconds,
        "final": final, "changes": [f"{key}={_text(value)}" for key, value in entry.settings.items()], "error": entry.error,
        "sweep": path.name, "member": entry.member,
    }  # fmt: skip


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
