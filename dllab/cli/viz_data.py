"""`dllab viz-data`: a recipe's data as its net gets them."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Changes, Json, RecipeName, Settings, Trust
from dllab.cli.saving import Save


def viz_data(
    recipe: RecipeName,
    changes: Changes = None,
    settings: Settings = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Draw examples of train, validation or test [default: train].", metavar="NAME"),
    ] = None,
    rows: Annotated[int, typer.Option("--rows", help="How many examples of each class.", min=1, max=100, metavar="N")] = 1,
    inputs: Annotated[
        list[int] | None,
        typer.Option("--input", help="This example of the split, from 0; may be repeated.", min=0, metavar="I"),
    ] = None,
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
    from dllab.cli.console import output
    from dllab.lab.seen import seen
    from dllab.lab.suits import Unsuited
    from dllab.recipe import load
    from dllab.views import seen as views

    given = [*(changes or ()), *(settings or ())]
    try:
        found = seen(load(recipe, given, trust=trust), split=split, each=rows, inputs=inputs or ())
    except Unsuited as error:
        raise Refused(error.problem, error.hint) from None
    words = shlex.join([recipe, *given, *(["--trust"] if trust else [])])
    view = views.seen_view(found, words)
    if json:
        output().document(views.document(found))
    else:
        output().show(view)
    saving.save(view, save, f"dllab viz-data {words}")
