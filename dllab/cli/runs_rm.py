"""`dllab runs rm`: deletes runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dllab.cli.failures import FINE, Refused, say
from dllab.cli.options import RunDir


def remove_runs(
    runs: Annotated[list[str], typer.Argument(help="Runs or sweeps: folders, names, or `last`.", metavar="RUN|SWEEP")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    run_dir: RunDir = None,
) -> int:
    """Delete runs, or whole sweeps, with all their files; asks before.

    All are looked for first: where one is missing or is being trained at this moment, none is deleted.
    """
    from dllab.cli.console import output
    from dllab.lab.run_records import folder_of
    from dllab.runs.disk import Lock
    from dllab.runs.remove import clear, remove

    paths = list(dict.fromkeys(folder_of(run, run_dir) for run in runs))
    for path in paths:
        Lock(path).release()  # raises where somebody trains there
    if not (yes or _agreed([path.name for path in paths])):
        say("nothing was deleted")
        return FINE
    for path in paths:
        remove(path)
        output().sentence(f"deleted {path}")
    for root in {path.parent for path in paths}:
        clear(root)
    return FINE


def _agreed(names: list[str]) -> bool:
    """Whether somebody at a terminal says yes. Raises Refused where nobody is."""
    what = names[0] if len(names) == 1 else f"{len(names)} runs"
    if not sys.stdin.isatty():
        raise Refused(f"deleting {what} asks first, and nobody is at a terminal", "with --yes it does not ask")
    print(f"delete {', '.join(names)}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
