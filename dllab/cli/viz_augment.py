"""`dllab viz-augment`: training rows before and after a recipe's augmentations."""

from __future__ import annotations

import shlex
from functools import partial
from typing import Annotated

import typer

from dllab.cli.options import Changes, Json, RecipeName, SeedOption, Settings, Trust
from dllab.cli.saving import Save

FEW = 3
"""Rows, and epochs of each, if nobody says how many."""


def viz_augment(
    recipe: RecipeName,
    changes: Changes = None,
    settings: Settings = None,
    rows: Annotated[int, typer.Option("--rows", help="How many training rows.", min=1, max=100, metavar="N")] = FEW,
    draws: Annotated[
        int, typer.Option("--draws", help="In how many epochs each is shown.", min=1, max=100, metavar="N")
    ] = FEW,
    seed: SeedOption = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Draw training rows before and after the recipe's augmentations, as the net sees them in the first epochs.

    The rows are those the run begins with, and they are taken from the program that brings batches in training: with the
    same seed `dllab train` sees the same numbers. Nothing is trained. `augment=[shift: 2]` tries an augmentation.
    """
    from dllab.cli import saving

    saving.check(save)
    from dllab.cli.console import progress
    from dllab.cli.subject import Meant, spelled
    from dllab.lab.augmented import Sampler
    from dllab.recipe import load
    from dllab.views import augment as views

    meant = Meant.by(recipe, changes, settings, seed=seed, trust=trust)
    sampler = Sampler(load(recipe, meant.given, trust=trust), seed)
    with progress("compiling") as advance:
        for event in sampler.compile():
            advance(event.done, event.total, event.kernel)
    found = sampler.look(rows, draws)
    view = views.augment_view(found, shlex.join(meant.words))
    drawn = spelled(rows=rows if rows != FEW else None, draws=draws if draws != FEW else None)
    words = ["viz-augment", *meant.words, *drawn]
    saving.show(view, partial(views.document, found), json=json, path=save, words=words)
