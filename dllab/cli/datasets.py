"""`dllab datasets`: what a recipe can train on."""

from __future__ import annotations

from typing import Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Json, Trust

TEXT = ".txt"
"""The ending of a file that is a text, unless it is a table of several columns."""


def datasets(
    name: Annotated[str | None, typer.Argument(help="Show all about this one.", metavar="NAME")] = None,
    options: Annotated[
        list[str] | None, typer.Argument(help="Options of it, such as noise=0.3.", metavar="OPTION=VALUE")
    ] = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """List the data sets a recipe can name, or show one: its options, its sizes, where it comes from, and a picture.

    `dllab datasets show FILE` reads a CSV file of your own and tells what was understood: its columns, what they hold,
    what is missing, and the line of a recipe that would use it. FILE may be `-` for standard input, an .npz file, a text
    (.txt), or a folder of pictures that has a sub-folder for each class.
    """
    if name == "show":
        _show(options or [], json)
        return
    if name is not None and name.endswith(".py"):
        from dllab.cli.families import show_own

        show_own(name, ("datasets",), json, trust)
        return
    from dllab.catalogue import find, parts
    from dllab.cli.console import output
    from dllab.lab import datasets as lab
    from dllab.views import datasets as views
    from dllab.views.parts import page_document, page_view

    if name is None:
        summaries = (lab.summarize(lab.usual(known))[0] for known in lab.names())
        if json:
            output().document(views.document(list(summaries)))
            return
        screen = output()
        for block in views.listing(summaries):
            screen.show(block)
        return
    if name not in parts("datasets"):
        import os
        import shlex

        from dllab.recipe.errors import did_you_mean, show

        if about := lab.only_files(name):
            raise Refused(f"{name} is no data set to train on. {about}", f"its card says more: datasets/{name}.md")
        own = f"; data of your own: `dllab datasets show {shlex.quote(name)}`" if os.path.exists(name) else ""
        raise Refused(
            f"there is no data set {show(name)}.{did_you_mean(name, sorted(parts('datasets')))}",
            f"`dllab datasets` lists them{own}",
        )
    if lab.needs_file(find("datasets", name)) and not options:
        part = find("datasets", name)
        if json:
            output().document(page_document("datasets", part))
        else:
            output().show(page_view("datasets", part))
        return
    try:
        found, data = lab.summarize(lab.chosen(name, options or ()))
    except ValueError as error:
        raise Refused(str(error)) from None
    if json:
        output().document(views.page_document(found))
    else:
        output().show(views.dataset_view(found, data.dataset))


def _show(arguments: list[str], json: bool) -> None:
    """`dllab datasets show FILE`, or NAME."""
    import os

    from dllab.catalogue import parts
    from dllab.cli.console import output
    from dllab.data.table import TableError
    from dllab.lab.datasets import only_files
    from dllab.lab.preview import preview
    from dllab.views import preview as views

    if len(arguments) != 1:
        raise Refused(
            "`dllab datasets show` takes one file, or folder",
            "such as `dllab datasets show my.csv`, or - for standard input",
        )
    if arguments[0] in parts("datasets") or (only_files(arguments[0]) and not os.path.exists(arguments[0])):
        datasets(arguments[0], None, json)
        return
    if arguments[0].endswith(".npz"):
        import json as quoting

        datasets("npz", [f"npz={quoting.dumps(arguments[0])}"], json)
        return
    if os.path.isdir(arguments[0]):
        _show_pictures(arguments[0], json)
        return
    try:
        found = preview(arguments[0])
    except TableError as error:
        if arguments[0].endswith(TEXT) and os.path.isfile(arguments[0]):
            _show_text(arguments[0], json)
            return
        raise Refused(error.problem, error.hint) from None
    if arguments[0].endswith(TEXT) and len(found.columns) == 1:
        _show_text(arguments[0], json)
        return
    if json:
        output().document(views.document(found))
    else:
        output().show(views.preview_view(found))


def _show_text(path: str, json: bool) -> None:
    """A text of the user's own, and a recipe to begin with."""
    import json as quoting

    from dllab.cli.console import output
    from dllab.recipe.dump import flow
    from dllab.views.preview import suggestion_view

    datasets("text", [f"file={quoting.dumps(path)}"], json)
    if not json:
        layers = ["  - embedding: 16", "  - lstm: 64", "  - dense: classes"]
        lines = [f"data: {flow({'text': path})}", "model:", *layers]
        output().show(suggestion_view("a recipe to begin with:", lines, "text"))


def _show_pictures(path: str, json: bool) -> None:
    """A folder of pictures, and a recipe to begin with."""
    import json as quoting

    from dllab.cli.console import output
    from dllab.data.table import TableError
    from dllab.lab.preview_pictures import beginning
    from dllab.recipe.dump import flow
    from dllab.views.preview import suggestion_view

    try:
        recipe = beginning(path)
    except TableError as error:
        raise Refused(error.problem, error.hint) from None
    datasets("folder", [f"{option}={quoting.dumps(value)}" for option, value in recipe["data"].items()], json)
    if not json:
        layers = [layer if isinstance(layer, str) else flow(layer)[1:-1] for layer in recipe["model"]]
        lines = [f"data: {flow(recipe['data'])}", "model:", *(f"  - {layer}" for layer in layers)]
        lines.append(f"train: {flow(recipe['train'])}")
        output().show(suggestion_view("a recipe to begin with:", lines, "folder"))
