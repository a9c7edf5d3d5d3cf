"""`dllab viz-schedule`: the learning rate over the steps of a run."""

from __future__ import annotations

import os
import shlex
from typing import Annotated

import typer

from dllab.cli.options import Json, Settings, Trust
from dllab.cli.saving import Save


def viz_schedule(
    target: Annotated[
        str, typer.Argument(help="A recipe, or a schedule alone, such as cosine or 'step: 200'.", metavar="RECIPE|SCHEDULE")
    ],
    more: Annotated[
        list[str] | None,
        typer.Argument(
            help="More schedules, to compare: one_cycle, 'exponential: 500'; and changes such as schedule.warmup=50.",
            metavar="SCHEDULE|KEY=VALUE",
        ),
    ] = None,
    settings: Settings = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", help="As if a run had so many steps.", min=1, max=10_000_000, metavar="N"),
    ] = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Draw the learning rate over the steps of a run, by the recipe's schedule and by others beside it.

    Nothing is trained. A schedule is written as in a recipe: cosine, 'step: 200', '{name: cosine, warmup: 50}'. KEY=VALUE
    changes the recipe: `dllab viz-schedule spirals schedule=cosine train.epochs=10`. Without a recipe the picture is of
    1,000 steps and a learning rate of 1. plateau follows the losses of a run, which are not known here.
    """
    from dllab.cli import saving

    saving.check(save)
    from dllab.cli.console import output
    from dllab.lab.rates import rates_of
    from dllab.views import rates as views

    changes = [word for word in more or () if _is_change(word)] + [*(settings or ())]
    schedules = [word for word in more or () if not _is_change(word)]
    alone = _is_schedule(target)
    found = rates_of(
        None if alone else target, [target, *schedules] if alone else schedules, changes, steps=steps, trust=trust
    )
    words = shlex.join([target, *(more or ()), *(f"-s{text}" for text in settings or ()), *(["--trust"] if trust else [])])
    view = views.rates_view(found, words)
    if json:
        output().document(views.document(found))
    else:
        output().show(view)
    saving.save(view, save, f"dllab viz-schedule {words}")


def _is_change(word: str) -> bool:
    """Whether a word is KEY=VALUE; a schedule has no equals sign."""
    return "=" in word


def _is_schedule(word: str) -> bool:
    """Whether a schedule is meant: its name, or a text with options of one, and neither a recipe nor a file."""
    from dllab.catalogue import parts
    from dllab.recipe import shipped

    if word in shipped() or os.path.exists(word):
        return False
    name = word.strip().lstrip("{").partition(":")[0].strip()
    return name in parts("schedules") or name == "name"
