"""`dllab viz-schedule`: the learning rate over the steps of a run."""

from __future__ import annotations

import dataclasses
import os
import shlex
from functools import partial
from typing import Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Json, RunDir, Settings, Trust
from dllab.cli.saving import Save


def viz_schedule(
    target: Annotated[
        str,
        typer.Argument(
            help="A recipe, or a run, or a schedule alone, such as cosine or 'step: 200'.", metavar="RECIPE|RUN|SCHEDULE"
        ),
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
    run_dir: RunDir = None,
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
    from dllab.cli.subject import recipe_source, spelled
    from dllab.lab.rates import rates_of
    from dllab.views import rates as views

    changes = [word for word in more or () if _is_change(word)] + [*(settings or ())]
    schedules = [word for word in more or () if not _is_change(word)]
    if _is_schedule(target):
        found = rates_of(None, [target, *schedules], changes, steps=steps, trust=trust)
    else:
        source, run = recipe_source(target, run_dir)
        if run is None:
            _check_known(target, run_dir)
        found = rates_of(source, schedules, changes, steps=steps, trust=trust)
        found = found if run is None else dataclasses.replace(found, recipe=run)
    words = [target, *(more or ()), *(f"-s{text}" for text in settings or ()), *spelled(trust=trust, run_dir=run_dir)]
    view = views.rates_view(found, shlex.join(words))
    line = ["viz-schedule", *words, *spelled(steps=steps)]
    saving.show(view, partial(views.document, found), json=json, path=save, words=line)


def _check_known(target: str, run_dir: str | None) -> None:
    """Refuse what is neither a recipe nor a run, and tell of schedules, too."""
    from dllab.catalogue import parts
    from dllab.cli.subject import check_known
    from dllab.recipe.errors import did_you_mean, show

    try:
        check_known(target, run_dir)
    except Refused as error:
        names = sorted(parts("schedules"))
        told = f"no schedule, recipe or run is called {show(target)}.{did_you_mean(target, names)}".removesuffix(".")
        raise Refused(told, f"schedules are {', '.join(names)}; {error.hint}") from None


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
