"""Trains with a display, for every command that trains; Ctrl-C and SIGTERM end it where nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dllab.cli.failures import FINE, INTERRUPTED, NEGATIVE, say

if TYPE_CHECKING:
    from dllab.runs.result import Result

LONGEST_WATCH = 3600

Watch = Annotated[
    float | None,
    typer.Option(
        "--watch",
        help="Seconds a run at a terminal is stretched to at least, so that it can be watched; "
        "0: full speed [default: 3 where there is a boundary to watch, else 0].",
        min=0,
        max=LONGEST_WATCH,
        metavar="SECONDS",
    ),
]


def follow(
    train: Callable[[Callable[[Any], None]], Result],
    name: str,
    *,
    quiet: bool,
    as_json: bool,
    watch: float | None,
    next_steps: Callable[[Result, bool, bool], list[tuple[str, str]]],
    advice: Callable[[Result], list[str]],
) -> int:
    """Call `train` with what listens to its events, show the result, and return the exit code.

    `next_steps` makes commands to try next from the result, whether the run was slowed for watching, and whether its net
    sees the answers it is asked for.
    """
    from dllab.cli.console import messages, output
    from dllab.cli.display import display_for
    from dllab.cli.interrupt import interrupts
    from dllab.core import cache
    from dllab.lab.ahead import REMARK, sees_answers
    from dllab.runs.result import Interrupted
    from dllab.views.train_final import TrainFinal

    if not cache.kept():
        say("the kernel cache cannot be written, so every run compiles anew\n  DLLAB_CACHE names another folder")
    interrupted = False
    display = display_for(name, quiet=quiet, as_json=as_json, watch=watch)
    try:
        with display:
            result = train(display.show)
    except Interrupted as stopped:
        interrupted, result = True, stopped.result
    finally:
        interrupts.release()
    ahead = result.status != "diverged" and sees_answers(result)
    if as_json:
        output().document(result.document())
        if ahead:
            say(REMARK)
    else:
        steps = [] if quiet else next_steps(result, display.slowed, ahead)
        output().show(TrainFinal(result, steps, advice(result), REMARK if ahead else ""))
    if as_json and result.diverged is not None:
        messages().show(TrainFinal(result))
    return INTERRUPTED if interrupted else NEGATIVE if result.status == "diverged" else FINE


def trusted(result: Result) -> list[str]:
    """What a command about this run needs where its recipe runs files of the user's own."""
    return ["--trust"] if result.recipe.use else []
