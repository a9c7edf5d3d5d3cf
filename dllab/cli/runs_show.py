"""`dllab runs show`: all about one run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from dllab.cli.options import Json, RunDir
from dllab.cli.runs import RunOrMember

if TYPE_CHECKING:
    from dllab.lab.run_records import Record

ENDED = ("finished", "stopped")


def show_run(run: RunOrMember, as_json: Json = False, run_dir: RunDir = None) -> None:
    """Show one run: what it was, its changes to the recipe, its figures, its curve.

    A member of a sweep is SWEEP:17, by its number; only its figures were kept.
    """
    from dllab.cli.console import output
    from dllab.lab.run_records import record_of
    from dllab.views.run_records import RunPage, record_document

    record = record_of(run, run_dir)
    if as_json:
        output().document(record_document(record))
    else:
        output().show(RunPage(record, _next(record, run, run_dir)))


def _next(record: Record, run: str, run_dir: str | None) -> list[tuple[str, str]]:
    if record.member is not None or "folds" in record.document:
        return []
    tail = [str(record.path)] if run_dir is not None else [run]
    found = []
    if record.status in ENDED:
        found = [(["eval", *tail], "its figures again"), (["verify", *tail], "proof that it comes to the same bits")]
    elif record.status in ("interrupted", "killed"):
        found = [(["resume", *tail], "go on where it stopped")]
    return [(shlex.join(["dllab", *words]), what) for words, what in found]
