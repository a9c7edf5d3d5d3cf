"""`dllab viz-predictions`: what a net takes for what, and its worst mistakes."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, RecipeOrRun, SplitName

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from dllab.lab.subject import Subject

VIEW = "viz-predictions"
WORST = 6
"""Mistakes that are drawn if nobody says how many."""


def viz_predictions(
    target: RecipeOrRun,
    changes: Changes = None,
    settings: Settings = None,
    worst: Annotated[
        int, typer.Option("--worst", help="Draw so many of the worst mistakes.", min=0, max=200, metavar="N")
    ] = WORST,
    split: SplitName = None,
    before: Before = False,
    seed: SeedOption = None,
    run_dir: RunDir = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Draw what a net takes for what: the confusion matrix, the most frequent confusions, and the worst mistakes.

    Of a net that gives values: predicted against true ones, how far off they are, and the rows where it is most. Of an
    autoencoder the worst rows beside what became of them. A recipe is trained first.
    """
    from dllab.cli import saving

    saving.check(save)
    from dllab.cli.subject import Meant, spelled, subject
    from dllab.lab.examples import split_of

    meant = Meant.by(target, changes, settings, seed=seed, run_dir=run_dir, trust=trust, before=before)
    found = subject(meant, VIEW, fits=lambda plan, data: split_of(data, split))
    kept = spelled(split=split, before=before)
    view, document = _seen(found, split_of(found.data, split), worst, shlex.join(meant.words), shlex.join(kept))
    words = [VIEW, *meant.words, *spelled(worst=worst if worst != WORST else None), *kept]
    saving.show(view, document, json=json, path=save, words=words)


def _seen(
    found: Subject, split: str, worst: int, words: str, kept: str
) -> tuple[RenderableType, Callable[[], dict[str, Any]]]:
    """The answer for people and for programs."""
    if found.data.dataset.task == "classification":
        from dllab.lab.mistakes import confusion
        from dllab.views import mistakes

        mixed = confusion(found, split, worst)
        return mistakes.view(mixed, words, kept), partial(mistakes.document, mixed)
    from dllab.lab.misses import misses as missed
    from dllab.views import misses

    off = missed(found, split, worst)
    return misses.view(off, words, kept), partial(misses.document, off)
