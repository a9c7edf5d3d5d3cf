"""`dllab resume`: goes on with a run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from dllab.cli.failures import say
from dllab.cli.follow import Watch, follow, trusted
from dllab.cli.options import Changes, Json, Quiet, RunDir, RunName, Settings, Trust

if TYPE_CHECKING:
    from dllab.runs.result import Result


def resume(
    run: RunName,
    changes: Changes = None,
    settings: Settings = None,
    as_json: Json = False,
    quiet: Quiet = False,
    run_dir: RunDir = None,
    watch: Watch = None,
    trust: Trust = False,
) -> int:
    """Go on with a run that was stopped or killed, or that is to be longer.

    It goes on from its last checkpoint and comes to the same bits as the run that was never stopped. Changes count
    first, then recipe.yaml in the run's folder, then what the run was trained with so far; whatever differs is told.
    Model, data, loss, batch and seed cannot change. A finished run goes on with train.epochs=..., or, if
    it was told its steps, train.steps=....

    Exit code 1 if training diverged, 2 for a run that cannot go on, 130 after Ctrl-C.
    """
    from dllab.runs.resume import Resumption

    words = [*(changes or ()), *(settings or ())]
    resumption = Resumption(run, words, run_dir, trust)
    told = [f"changed: {change}" for change in resumption.changes]
    told += [f"its bits may differ from those of a run in one go: {note}" for note in resumption.notes]
    for line in told if not quiet else ():
        say(line)
    return follow(
        resumption.follow, resumption.recipe.name, quiet=quiet, as_json=as_json, watch=watch,
        next_steps=_next, advice=lambda result: _advice(result, words),
    )  # fmt: skip


def _next(result: Result, slowed: bool, ahead: bool) -> list[tuple[str, str]]:
    if result.status == "interrupted":
        return [(shlex.join(["dllab", "resume", str(result.folder), *trusted(result)]), "go on where it stopped")]
    return [(shlex.join(["dllab", "eval", str(result.folder), *trusted(result)]), "its figures again")]


def _advice(result: Result, words: list[str]) -> list[str]:
    """Command lines that may train on where this one diverged."""
    rate = getattr(result.recipe.optimizer[-1], "lr", None)
    others = [word for word in words if not word.startswith("optimizer.lr=")]
    start = ["dllab", "resume", str(result.folder), *trusted(result)]
    return [] if rate is None else [shlex.join([*start, *others, f"optimizer.lr={rate / 10:g}"])]
