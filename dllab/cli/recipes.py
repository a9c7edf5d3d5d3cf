"""`dllab recipes`: the recipes that come with the lab."""

from __future__ import annotations

from dllab.cli.failures import Refused
from dllab.cli.options import Json


def recipes(json: Json = False) -> None:
    """List the recipes that come with the lab: what each is about, its data, and the figure it must reach."""
    from dllab.recipe import load, shipped

    try:
        names = list(shipped())
    except FileNotFoundError as error:
        raise Refused(str(error)) from None

    from dllab.cli.console import output
    from dllab.views import recipes as views

    found = [load(name) for name in names]
    if json:
        output().document(views.document(found))
    else:
        output().show(views.recipes_view(found))
