"""`dllab viz-predictions`: what a net takes for what, and its worst mistakes."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, RecipeOrRun, SplitName

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dllab.lab.subject import Subject


def viz_predictions(
    target: RecipeOrRun,
    changes: Changes = None,
    settings: Settings = None,
    worst: Annotated[
        int, typer.Option("--worst", help="Draw so many of the worst mistakes.", min=0, max=200, metavar="N")
    ] = 6,
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
    from dllab.cli.console import output
    from dllab.cli.example import split_of
    from dllab.cli.subject import subject

    given = [*(changes or ()), *(settings or ())]
    found = subject(target, given, view="viz-predictions", seed=seed, run_dir=run_dir, trust=trust, before=before)
    words = [target, *given, *(["--seed", str(seed)] if seed is not None else []), *(["--trust"] if trust else [])]
    view, document = _seen(found, split_of(found, split), worst, shlex.join(words))
    if json:
        output().document(document)
    else:
        output().show(view)
    saving.save(view, save, f"dllab viz-predictions {shlex.join(words)}")


def _seen(found: Subject, split: str, worst: int, words: str) -> tuple[RenderableType, dict[str, Any]]:
    """The answer for people and for programs."""
    if found.data.dataset.task == "classification":
        from dllab.lab.mistakes import confusion
        from dllab.views import mistakes

        mixed = confusion(found, split, worst)
        return mistakes.view(mixed, words), mistakes.document(mixed)
    from dllab.lab.misses import misses as missed
    from dllab.views import misses

    off = missed(found, split, worst)
    return misses.view(off, words), misses.document(off)
