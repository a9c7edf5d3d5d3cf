"""`dllab viz-data`: a recipe's data as its net gets them."""

from __future__ import annotations

import dataclasses
import shlex
from functools import partial
from typing import Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Changes, Json, RunDir, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import TrainSplit


def viz_data(
    target: Annotated[
        str, typer.Argument(help="A recipe, or a run, or `last`: the data are those of its recipe.", metavar="RECIPE|RUN")
    ],
    changes: Changes = None,
    settings: Settings = None,
    split: TrainSplit = None,
    rows: Annotated[
        int | None,
        typer.Option("--rows", help="How many examples of each class [default: 1].", min=1, max=100, metavar="N"),
    ] = None,
    inputs: Annotated[
        list[int] | None,
        typer.Option("--input", help="This example of the split, from 0; may be repeated.", min=0, metavar="I"),
    ] = None,
    run_dir: RunDir = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Draw a recipe's data as its net gets them: classes of every split, ranges before and after scaling, examples.

    Data are read with the recipe's own options, and with changes: `dllab viz-data iris data.standardise=false`. Nothing is
    trained. What a data set is, and where it comes from, `dllab datasets NAME` tells.
    """
    from dllab.cli import saving

    saving.check(save)
    from dllab.cli.subject import Meant, check_known, recipe_source, spelled
    from dllab.lab.seen import seen
    from dllab.recipe import load
    from dllab.views import seen as views

    if rows is not None and inputs:
        raise Refused(f"--rows {rows}: --input names the examples", "leave out one of the two")
    meant = Meant.by(target, changes, settings, run_dir=run_dir, trust=trust)
    source, run = recipe_source(target, run_dir)
    if run is None:
        check_known(target, run_dir)
    recipe = load(source, meant.given, trust=trust)
    recipe = recipe if run is None else dataclasses.replace(recipe, name=run)
    found = seen(recipe, split=split, each=rows or 1, inputs=inputs or ())
    kept = spelled(split=split)
    view = views.seen_view(found, shlex.join([*meant.words, *kept]))
    drawn = [*spelled(rows=rows), *(word for place in inputs or () for word in spelled(input=place))]
    document = partial(views.document, found)
    saving.show(view, document, json=json, path=save, words=["viz-data", *meant.words, *kept, *drawn])
