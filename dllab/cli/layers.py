"""`dllab layers`: the parts a recipe can name, and the page of each."""

from __future__ import annotations

from typing import Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Json


def layers(
    name: Annotated[
        str | None,
        typer.Argument(help="A layer, or any other part, to explain; or a family: losses, optimizers, ...", metavar="NAME"),
    ] = None,
    json: Json = False,
) -> None:
    """List the layers a recipe can name, or explain one part of any family.

    `dllab layers adam` shows the page of the optimizer adam, `dllab layers losses` the list of the losses.
    """
    from dllab.catalogue import FAMILIES, parts
    from dllab.cli.console import output
    from dllab.views import parts as views

    families = {family: parts(family) for family in FAMILIES}
    if name is None or name in families:
        family = name or "layers"
        others = {other: known for other, known in families.items() if other != family}
        if json:
            output().document(views.document(families if name is None else {family: families[family]}))
        else:
            output().show(views.family_view(family, families[family], others))
        return
    pages = [(family, known[name]) for family, known in families.items() if name in known]
    if not pages:
        from dllab.recipe.errors import did_you_mean, show

        everything = [*families, *(part for known in families.values() for part in known)]
        raise Refused(f"no part is called {show(name)}.{did_you_mean(name, everything)}", "`dllab layers` lists them all")
    if json:
        output().document({"parts": [views.page_document(family, part) for family, part in pages]})
    else:
        output().show(views.pages_view(pages))
