"""`dllab runs reindex`: makes the index of runs anew."""

from __future__ import annotations

from dllab.cli.options import RunDir
from dllab.cli.runs import opened


def reindex_runs(run_dir: RunDir = None) -> None:
    """Make the index of runs anew from their folders.

    Nobody has to: the index notices by itself what is new, changed or gone, and a damaged one is made anew. This reads
    every folder again whatever the index says of it.
    """
    from dllab.cli.console import output
    from dllab.views.text import count

    with opened(run_dir) as (index, progress):
        runs, sweeps, members = index.rebuild(progress)
        where = f" in {index.database.path}" if not index.database.in_memory else ""
    told = f"{count(runs, 'run')}, {count(sweeps, 'sweep')}, {count(members, 'member')} of sweeps"
    output().sentence(f"{told}{where}")
