"""`dllab summary`: what a recipe's net is made of."""

from __future__ import annotations

import shlex

from dllab.cli.options import Changes, Json, RecipeName, Settings, Trust


def summary(
    recipe: RecipeName,
    changes: Changes = None,
    settings: Settings = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Show the layers of a recipe's net: shapes, parameters, multiply-adds, and the memory a training step needs.

    Nothing is trained or compiled.
    """
    from dllab.cli.console import output
    from dllab.lab.summary import summarize
    from dllab.recipe import load
    from dllab.views import summary as views

    given = [*(changes or ()), *(settings or ())]
    words = [recipe, *given, *(["--trust"] if trust else [])]
    found = summarize(load(recipe, given, trust=trust))
    if json:
        output().document(views.document(found))
    else:
        output().show(views.summary_view(found, shlex.join(words)))
