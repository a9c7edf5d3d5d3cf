"""`dllab layers`: the layers a recipe can name, and the page of each; any other part is found here, too."""

from __future__ import annotations

from typing import Annotated

import typer

from dllab.cli.options import Json, Trust


def layers(
    name: Annotated[
        str | None,
        typer.Argument(help="A layer to explain, or any other part; or a family: losses, optimizers, ...", metavar="NAME"),
    ] = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """List the layers a recipe can name, or explain one.

    `dllab layers adam` shows the page of the optimizer adam, `dllab layers losses` the list of the losses. As JSON the
    list holds all families. `dllab layers mine.py --trust` shows the pages of the parts in a file of your own.
    """
    from dllab.catalogue import FAMILIES, parts
    from dllab.cli.console import output
    from dllab.cli.families import show_family, show_own, show_pages

    if name is None and json:
        from dllab.views.parts import document

        output().document(document({family: parts(family) for family in FAMILIES}))
    elif name is None or name in FAMILIES:
        show_family(name or "layers", json)
    elif name.endswith(".py"):
        show_own(name, tuple(FAMILIES), json, trust)
    else:
        show_pages(name, tuple(FAMILIES), json)
