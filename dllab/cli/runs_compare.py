"""`dllab runs compare`: in what runs differ."""

from __future__ import annotations

from typing import Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Json, RunDir

MOST = 26


def compare_runs(
    runs: Annotated[list[str], typer.Argument(help="Two runs or more; a member of a sweep is SWEEP:17.", metavar="RUN")],
    as_json: Json = False,
    run_dir: RunDir = None,
) -> None:
    """Show in which settings runs differ, what they came to, and their curves over each other."""
    from dllab.cli.console import output
    from dllab.lab.run_records import compare, record_of
    from dllab.views.run_records import ComparisonView, comparison_document

    if not 2 <= len(runs) <= MOST:
        raise Refused(f"`dllab runs compare` takes 2 to {MOST} runs, not {len(runs)}",
                      "`dllab runs show` shows one, `dllab runs list` many")  # fmt: skip
    found = compare([record_of(run, run_dir) for run in runs])
    if as_json:
        output().document(comparison_document(found))
    else:
        output().show(ComparisonView(found))
