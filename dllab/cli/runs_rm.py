"""`dllab runs rm`: deletes runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dllab.cli.failures import FINE, Refused, say
from dllab.cli.options import RunDir


def remove_runs(
    runs: Annotated[list[str], typer.Argument(help="Runs or sweeps: folders, names, or `last`.", metavar="RUN|SWEEP")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    run_dir: RunDir = None,
) -> int:
    """Delete runs, or whole sweeps, with all their files; asks before. Of a link to a run the link is deleted.

    All are looked for first: where one is missing or is being trained at this moment, none is deleted.
    """
    from dllab.cli.console import output
    from dllab.lab.run_records import folder_of
    from dllab.runs.disk import Lock, StoreError
    from dllab.runs.remove import clear, remove

    given = {_place(path): path for path in (folder_of(run, run_dir) for run in runs)}
    paths = list(given.values())
    for path in paths:
        Lock(path).release()  # raises where somebody trains there
    if not (yes or _agreed([place.name for place in given])):
        say("nothing was deleted")
        return FINE
    wrong: list[StoreError] = []
    for place, path in given.items():
        try:
            link = path.is_symlink()
            remove(place if path.name in ("", "..") else path)
            output().sentence(f"deleted {path}" + (", a link; what it leads to stays" if link else ""))
        except StoreError as error:  # the others are to go all the same
            wrong.append(error)
    for root in {place.parent for place in given}:
        clear(root)
    for told in wrong[:-1]:
        say(str(told))
    if wrong:
        raise wrong[-1]
    return FINE


def _place(path: Path) -> Path:
    """Where a folder lies, however it was spelled; of a link where the link lies."""
    return path.parent.resolve() / path.name if path.is_symlink() else path.resolve()


def _agreed(names: list[str]) -> bool:
    """Whether somebody at a terminal says yes. Raises Refused where nobody is."""
    what = names[0] if len(names) == 1 else f"{len(names)} runs"
    if not sys.stdin.isatty():
        raise Refused(f"deleting {what} asks first, and nobody is at a terminal", "with --yes it does not ask")
    print(f"delete {', '.join(names)}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
