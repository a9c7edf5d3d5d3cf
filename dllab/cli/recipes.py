"""`dllab recipes`: the recipes that come with the lab, and the page of one."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Json, Trust


def recipes(
    name: Annotated[
        str | None, typer.Argument(help="Show the page of this one; the path of a recipe does, too.", metavar="NAME")
    ] = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """List the recipes that come with the lab, or explain one.

    The list tells what each is about, its data, and the figure it must reach; the page adds the net with its shapes, how
    it trains, and commands to try.
    """
    if name is not None:
        _page(name, json, trust)
        return
    from dllab.recipe import load, shipped

    try:
        names = list(shipped())
    except FileNotFoundError as error:
        raise Refused(str(error)) from None

    from dllab.cli.console import output
    from dllab.views import recipes as views

    found = [load(known) for known in names]
    if json:
        output().document(views.document(found))
    else:
        output().show(views.recipes_view(found))


def _page(name: str, json: bool, trust: bool) -> None:
    from dllab.cli.console import output
    from dllab.data.dataset import Source
    from dllab.lab.datasets import summarize as summary_of_data
    from dllab.lab.summary import summarize
    from dllab.recipe import load
    from dllab.views import recipe_page as views

    recipe = load(name, trust=trust)
    net = summarize(recipe)
    if json:
        output().document(views.document(recipe, net))
    else:
        data = summary_of_data(recipe.data)[0] if isinstance(recipe.data, Source) else None
        output().show(views.recipe_page(recipe, net, data, shlex.quote(name) + (" --trust" if recipe.use else "")))
