"""`dllab schema`: the JSON Schema of recipes."""

from __future__ import annotations


def schema() -> None:
    """Print the JSON Schema (2020-12) of recipes, by which an editor completes and checks them.

    Keep it in a file (dllab schema > recipe.schema.json) and begin a recipe with the comment
    "# yaml-language-server: $schema=recipe.schema.json".
    """
    from dllab.cli.console import output
    from dllab.recipe import schema as of_recipes

    output().document(of_recipes())
