"""The folder of a sweep: what was to be trained, and a line for every member that has ended.

runs/sweep-spirals-20261125-031500/
sweep.json     the recipe as it was, values, seeds, how far it has come, versions, machine
members.jsonl  one line a member, appended as they end; of two lines of one member the later counts
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dllab.recipe.transfer import InitFrom
from dllab.runs.disk import Lock, StoreError, clear_leftovers, read_file, reason, replace_file, sync_folder
from dllab.runs.find import LAST
from dllab.runs.journal import Journal, lines_of
from dllab.runs.metrics_log import plain
from dllab.runs.store import new_folder, root_of

PLAN, MEMBERS = "sweep.json", "members.jsonl"
HOW = "a sweep is the folder that `dllab sweep` makes"
SHOWN = 5


class SweepFolder:
    """One sweep's folder. The methods raise StoreError where a file cannot be written, or not be read as it was written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal(path / MEMBERS)
        self._lock: Lock | None = None

    @classmethod
    def create(cls, name: str, run_dir: str | os.PathLike[str] | None = None) -> SweepFolder:
        """A new folder `sweep-<name>-<date>-<time>` in the folder of runs, open to be written to."""
        folder = cls(new_folder(f"sweep-{name}", run_dir))
        folder.open()
        with contextlib.suppress(OSError):
            sync_folder(folder.path.parent)
        return folder

    def open(self) -> None:
        """Keep other processes out, until `close` or the end of this process, and go on behind the last whole line."""
        self._lock = Lock(self.path, "a sweep")
        try:
            clear_leftovers(self.path)
            self.journal.open()
        except BaseException:
            self.close()
            raise

    def write_plan(self, document: Mapping[str, Any]) -> None:
        """Keep what is to be trained and how far it has come."""
        replace_file(self.path / PLAN, json.dumps(plain(document), indent=2).encode() + b"\n")

    def read_plan(self) -> dict[str, Any]:
        """What sweep.json says."""
        path = self.path / PLAN
        try:
            document = json.loads(read_file(path))
        except (ValueError, RecursionError):
            raise StoreError(f"{path} is damaged: it is no JSON document\n  begin the sweep anew") from None
        kinds = {"recipe": str, "values": list, "seeds": int, "first_seed": int, "members": int, "recipe_yaml": str}
        if not isinstance(document, dict) or not all(isinstance(document.get(key), kind) for key, kind in kinds.items()):
            raise StoreError(f"{path} is damaged: it is no plan of a sweep\n  begin the sweep anew")
        return document

    def members(self, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """The lines of members below `count`, as text and as what they say, in the order in which they were written.

        One that a sweep has not written so is passed over: its member counts as missing.
        """
        path = self.path / MEMBERS
        try:
            for line, told in lines_of(path):
                if type(index := told.get("index")) is int and 0 <= index < count and _sound(told):
                    yield line, told
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {reason(error)}\n  check the path and its rights") from None

    def add(self, lines: Sequence[str]) -> None:
        """Keep members that have ended."""
        try:
            self.journal.add(lines)
        except StoreError as error:
            raise StoreError(f"{error}\n  what stood there before is kept: make room, then go on with --resume") from None

    def close(self) -> None:
        """Nothing more will be written."""
        self.journal.close()
        if self._lock is not None:
            self._lock.release()


def source_name(origin: InitFrom) -> str:
    """How a plan calls the weights that members begin with."""
    return origin.source if origin.weights == "last" else f"{origin.source} ({origin.weights})"


def _sound(told: Mapping[str, Any]) -> bool:
    """Whether a line is of the kinds that a sweep writes."""
    final, curve, error = told.get("final") or {}, told.get("curve") or [], told.get("error")
    return (
        isinstance(told.get("status"), str)
        and isinstance(told.get("overrides"), list)
        and all(isinstance(text, str) for text in told["overrides"])
        and isinstance(final, dict)
        and all(isinstance(figures, dict) for figures in final.values())
        and isinstance(curve, list)
        and isinstance(error, str | None)
    )


def find_sweep(reference: str, run_dir: str | os.PathLike[str] | None = None) -> Path:
    """The folder of a sweep: a path, a name in the folder of runs, or `last` for the newest there. Raises StoreError."""
    root = root_of(run_dir)
    there = sweeps_in(root)
    if reference == LAST and there:
        return there[0]
    for path in (Path(reference), root / reference):
        if reference and is_sweep(path):
            return path
    newest = f"the newest in {root}: {', '.join(path.name for path in there[:SHOWN])}" if there else HOW
    if reference == LAST:
        raise StoreError(f"there is no sweep in {root}\n  {HOW}")
    shown = reference if reference.isprintable() and reference else ascii(reference)
    raise StoreError(f"there is no sweep {shown}\n  {newest}")


def sweeps_in(root: Path) -> list[Path]:
    """The sweeps in a folder, the newest first."""
    try:
        found = [
            (path.stat().st_mtime_ns, path.name, path) for path in root.iterdir() if is_sweep(path) and path.name[0] != "."
        ]
    except (OSError, ValueError):  # a name that no file can have
        return []
    return [path for _, _, path in sorted(found, reverse=True)]


def is_sweep(path: Path) -> bool:
    """Whether a path is the folder of a sweep."""
    try:
        return path.is_dir() and (path / PLAN).is_file()
    except (OSError, ValueError):
        return False
