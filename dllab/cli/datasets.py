"""`dllab datasets`: what a recipe can train on."""

from __future__ import annotations

from typing import Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Json


def datasets(
    name: Annotated[str | None, typer.Argument(help="Show all about this one.", metavar="NAME")] = None,
    options: Annotated[
        list[str] | None, typer.Argument(help="Options of it, such as noise=0.3.", metavar="OPTION=VALUE")
    ] = None,
    json: Json = False,
) -> None:
    """List the data sets a recipe can name, or show one: its options, its sizes, where it comes from, and a picture."""
    from dllab.cli.console import output
    from dllab.lab import datasets as lab
    from dllab.views import datasets as views

    if name is None:
        summaries = [lab.summarize(lab.usual(known))[0] for known in lab.names()]
        if json:
            output().document(views.document(summaries))
        else:
            output().show(views.datasets_view(summaries))
        return
    if name not in lab.names():
        from dllab.recipe.errors import did_you_mean, show

        raise Refused(f"there is no data set {show(name)}.{did_you_mean(name, lab.names())}", "`dllab datasets` lists them")
    try:
        found, data = lab.summarize(lab.chosen(name, options or ()))
    except ValueError as error:
        raise Refused(str(error)) from None
    if json:
        output().document(views.page_document(found))
    else:
        output().show(views.dataset_view(found, data.dataset))
