"""`dllab summary`: what a recipe's net is made of."""

from __future__ import annotations

from dllab.cli.options import Changes, Json, RecipeName, Settings


def summary(recipe: RecipeName, changes: Changes = None, settings: Settings = None, json: Json = False) -> None:
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
