"""What the folders of runs and sweeps tell, as entries of the index: one for a run, one for each member of a sweep.

A sweep's folder has `sweep.json`, its plan, and `members.jsonl`, to which a line is appended for every member that has
ended. Whatever cannot be understood is left out, or told as `damaged`: an index never fails for one bad folder.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dllab.runs.disk import in_use
from dllab.runs.settings import SEED, kept, readable, settings_of

RUN, SWEEP = "run", "sweep"
STATUS, PLAN, MEMBERS, RECIPE = "run.json", "sweep.json", "members.jsonl", "recipe.yaml"
ALONE = -1
"""The member number of a run that belongs to no sweep."""
YOUNG = 0.1
"""Seconds in which a file may change again without another time of change."""
NUMBER = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][-+]?\d+)?")
UNSURE = "?"
"""The mark of a folder that must be read again the next time."""


@dataclass(frozen=True)
class Found:
    """A folder. `mark` changes when its record or a run's recipe does; `size`: bytes of a sweep's journal, 0 for a run."""

    name: str
    kind: str
    mark: str
    size: int = 0


@dataclass(frozen=True)
class Entry:
    """A run, or a member of a sweep. `at`: when it began, in seconds of the epoch. `figures`: `test_accuracy` and so on."""

    member: int
    recipe: str
    seed: int | None
    status: str
    at: float
    steps: int | None
    epochs: int | None
    seconds: float | None
    error: str | None
    settings: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Read:
    """What a folder told: the entries behind byte `since` of its journal, up to byte `upto`. `base`: settings of all."""

    found: Found
    entries: tuple[Entry, ...]
    base: dict[str, Any] = field(default_factory=dict)
    since: int = 0
    upto: int = 0


def folders_in(root: Path) -> dict[str, Found]:
    """The folders of runs and sweeps, by name: some looks at each, and no file is opened."""
    found = {}
    with contextlib.suppress(OSError), os.scandir(root) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and (one := _found(entry.path, entry.name)) is not None:
                found[one.name] = one
    return found


def read(root: Path, found: Found, base: Mapping[str, Any] | None = None, since: int = 0) -> Read:
    """What a folder tells; of a sweep whose `base` is known the lines behind byte `since`."""
    path = root / found.name
    if found.kind == SWEEP:
        return _sweep(path, found, base, since)
    document = _document(path / STATUS)
    status = document.get("status")
    mark, running = found.mark, status == "running"
    if running and not in_use(path):
        again = _found(str(path), found.name)
        if again is None or again.mark != found.mark:  # it has ended between the two looks
            return Read(found=Found(found.name, RUN, UNSURE), entries=(_run(path, document),))
        document["status"], running = "killed", False
    return Read(Found(found.name, RUN, UNSURE if running or _young(mark) else mark), (_run(path, document),))


def _found(path: str, name: str) -> Found | None:
    if readable(name) != name:
        return None
    with contextlib.suppress(OSError):
        mark = _mark(os.stat(os.path.join(path, STATUS)))
        with contextlib.suppress(OSError):
            mark += " " + _mark(os.stat(os.path.join(path, RECIPE)))
        return Found(name, RUN, mark)
    with contextlib.suppress(OSError):
        mark, size = _mark(os.stat(os.path.join(path, PLAN))), 0
        with contextlib.suppress(OSError):
            size = os.stat(os.path.join(path, MEMBERS)).st_size
        return Found(name, SWEEP, mark, size)
    return None


def _mark(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns}/{stat.st_size}/{stat.st_ino}"


def _young(mark: str) -> bool:
    """Whether one of the files of a mark is."""
    return any(time.time() - int(file.split("/")[0]) / 1e9 < YOUNG for file in mark.split())


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
        if isinstance(document, dict) and isinstance(document.get("status", ""), str):
            return document
    except (OSError, ValueError, RecursionError):
        pass
    return {"status": "damaged"}


def _run(path: Path, document: Mapping[str, Any]) -> Entry:
    text = ""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        text = (path / RECIPE).read_text(encoding="utf-8")
    settings = settings_of(text)
    return Entry(
        member=ALONE,
        recipe=readable(str(document.get("recipe", ""))),
        seed=_whole(document.get("seed")),
        status=readable(str(document["status"])) if "status" in document else "damaged",
        at=_time(document.get("began"), path),
        steps=_whole(document.get("steps")),
        epochs=_whole(document.get("epochs")),
        seconds=_number(document.get("seconds")),
        error=None,
        settings={key: value for key, value in settings.items() if key != SEED},
        figures=figures_of(document.get("final")),
    )


def _sweep(path: Path, found: Found, base: Mapping[str, Any] | None, since: int) -> Read:
    plan = _document(path / PLAN)
    name, at = _name(plan, path), _time(plan.get("began"), path)
    if base is None or since > found.size:
        since = 0
    entries, upto = [], since
    for end, line in _lines(path / MEMBERS, since):
        upto = end
        if (entry := _member(line, name, at)) is not None:
            entries.append(entry)
    if base is None or since == 0:
        base = _base(path, plan, {key for entry in entries for key in entry.settings})
    mark = UNSURE if _young(found.mark) else found.mark
    return Read(Found(found.name, SWEEP, mark, found.size), tuple(entries), dict(base), since, upto)


def _lines(path: Path, since: int) -> Iterator[tuple[int, bytes]]:
    """The whole lines behind a byte, each with the place of its end: what a kill cut in two comes later, or never."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        file.seek(since)
        for line in file:
            if line.endswith(b"\n"):
                since += len(line)
                yield since, line


def _member(line: bytes, recipe: str, at: float) -> Entry | None:
    try:
        told = json.loads(line)
        index, status = told["index"], told["status"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if _whole(index) is None or index < 0 or not isinstance(status, str):
        return None
    settings = overrides_of(told.get("overrides"))
    settings.pop(SEED, None)
    error = told.get("error")
    return Entry(
        member=index, recipe=readable(str(told.get("recipe") or recipe)), seed=_whole(told.get("seed")),
        status=readable(status), at=at,
        steps=_whole(told.get("steps")), epochs=None, seconds=_number(told.get("seconds")),
        error=None if error is None else readable(str(error)), settings=settings, figures=figures_of(told.get("final")),
    )  # fmt: skip


def overrides_of(given: Any) -> dict[str, Any]:
    """The overrides of a member, a mapping or a list of texts, as settings."""
    if isinstance(given, Mapping):
        pairs = [(str(key), value) for key, value in given.items()]
    elif isinstance(given, Sequence) and not isinstance(given, str):
        parted = (readable(str(one)).partition("=") for one in given)
        pairs = [(key.strip(), _value(text)) for key, equals, text in parted if equals]
    else:
        pairs = []
    return {
        readable(key): kept(value if isinstance(value, str | int | float | bool | None) else json.dumps(value))
        for key, value in pairs
    }


def figures_of(final: Any) -> dict[str, float | None]:
    """`{"test": {"accuracy": 0.9}}` as `{"test_accuracy": 0.9}`; without tables; null is a figure that is no number."""
    found: dict[str, float | None] = {}
    for split, values in final.items() if isinstance(final, dict) else ():
        for name, value in values.items() if isinstance(values, dict) else ():
            if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
                found[readable(f"{split}_{name}")] = value if value is not None and _finite(value) else None
    return found


def _base(path: Path, plan: Mapping[str, Any], changed: set[str]) -> dict[str, Any]:
    """The settings that all members have in common, without those below a key that members change as a whole."""
    text = plan.get("recipe_yaml") if isinstance(plan.get("recipe_yaml"), str) else None
    if text is None:
        text = ""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            text = (path / RECIPE).read_text(encoding="utf-8")
    inside = tuple(f"{key}{mark}" for key in changed for mark in ".[")
    settings = settings_of(text)
    return {key: value for key, value in settings.items() if key != SEED and not (inside and key.startswith(inside))}


def _name(plan: Mapping[str, Any], path: Path) -> str:
    for key in ("name", "recipe"):
        if isinstance(plan.get(key), str) and "\n" not in plan[key]:
            return str(plan[key])
    return path.name.removeprefix("sweep-")


def _value(text: str) -> Any:
    """A value of YAML, if it is a plain number or word."""
    text = text.strip()
    if NUMBER.fullmatch(text):
        return float(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _time(began: Any, path: Path) -> float:
    """Seconds of the epoch; without a time in the record that of the folder."""
    with contextlib.suppress(TypeError, ValueError):
        return datetime.strptime(began, "%Y-%m-%dT%H:%M:%S%z").timestamp()
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _whole(value: Any) -> int | None:
    return value if type(value) is int and abs(value) < 2**63 else None


def _number(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and _finite(value) else None


def _finite(value: float) -> bool:
    """Whether it is a number that a float can hold."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
