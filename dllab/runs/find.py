"""Which run is meant: by the path of its folder, by its name, or `last`."""

from __future__ import annotations

import os
from pathlib import Path

from dllab.runs.disk import StoreError
from dllab.runs.store import STATUS, root_of

LAST = "last"
SHOWN = 5
HOW = "a run is the folder that `dllab train` makes"


def find_run(reference: str | os.PathLike[str], run_dir: str | os.PathLike[str] | None = None) -> Path:
    """The folder of a run: a path, a name in the folder of runs, or `last` for the newest there. Raises StoreError."""
    text = os.fspath(reference)
    path = Path(text)
    if _is_run(path):
        return path
    root = root_of(run_dir)
    if text == LAST:
        runs = runs_in(root)
        if not runs:
            raise StoreError(f"there is no run in {root}: `dllab train RECIPE` makes one")
        return runs[0]
    if text and path.name == text and _is_run(root / text):
        return root / text
    raise StoreError(_complaint(text, path, root))


def runs_in(root: Path) -> list[Path]:
    """The runs in a folder, the newest first; without those that are being deleted."""
    try:
        found = [(path.stat().st_mtime_ns, path.name, path) for path in root.iterdir() if _counts(path)]
    except (OSError, ValueError):  # a name that no file can have
        return []
    return [path for _, _, path in sorted(found, reverse=True)]


def _counts(path: Path) -> bool:
    return not path.name.startswith(".") and _is_run(path)


def _is_run(path: Path) -> bool:
    try:
        return path.is_dir() and (path / STATUS).is_file()
    except (OSError, ValueError):
        return False


def _complaint(text: str, path: Path, root: Path) -> str:
    from difflib import get_close_matches

    shown = text if text.isprintable() else ascii(text)[1:-1]
    if not text:
        return "a run without a name: give its folder, its name in the folder of runs, or `last`"
    try:
        if path.is_dir():
            return f"{shown} is no folder of a run: it has no {STATUS}\n  {_newest(root) or HOW}"
        if path.is_file():
            return f"{shown} is a file\n  {HOW}"
    except (OSError, ValueError):
        pass
    names = [run.name for run in runs_in(root)]
    if not names:
        return f"there is no run {shown}, and none in {root}: `dllab train RECIPE` makes one"
    close = get_close_matches(path.name, names, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"there is no run {shown}\n  {hint}{_newest(root)}"


def _newest(root: Path) -> str:
    """The newest runs there, by name; "" where there is none."""
    names = [run.name for run in runs_in(root)]
    return f"the newest in {root}: {', '.join(names[:SHOWN])}; `{LAST}` is the first of them" if names else ""
