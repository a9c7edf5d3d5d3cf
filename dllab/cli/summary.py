"""`dllab summary`: what a recipe's net is made of."""

from __future__ import annotations

from typing import Annotated

import typer


def summary(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe that comes with the lab, or the path of one.")],
    changes: Annotated[
        list[str] | None, typer.Argument(help="Changes, such as model[0].dense.units=64.", metavar="[KEY=VALUE]...")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", "-s", help="A change, as above; may be repeated.", metavar="KEY=VALUE")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show the layers of a recipe's net: shapes, parameters, multiply-adds, and the memory a training step needs.

    Nothing is trained or compiled.
    """
    from dllab.cli.console import output
    from dllab.lab.summary import summarize
    from dllab.recipe import load
    from dllab.views import summary as views

    found = summarize(load(recipe, [*(changes or ()), *(settings or ())]))
    if json:
        output().document(views.document(found))
    else:
        output().show(views.summary_view(found, recipe))
