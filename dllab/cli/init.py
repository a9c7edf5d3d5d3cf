"""`dllab init`: a recipe of one's own to begin with, with comments."""

from __future__ import annotations

import dataclasses
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Trust

if TYPE_CHECKING:
    from dllab.recipe import Recipe

STDOUT = "-"


def init(
    name: Annotated[
        str,
        typer.Argument(
            help="Recipe to begin with: one that comes with the lab, or a path; or a folder of pictures, or a text (.txt).",
            metavar="RECIPE",
        ),
    ],
    file: Annotated[
        str | None, typer.Argument(help="File to write [default: its name and .yaml, here]; - prints it.", metavar="FILE")
    ] = None,
    trust: Trust = False,
) -> None:
    """Write a recipe with comments: what each key and option means, what it takes, what else there is.

    It trains to the same bits as the recipe it begins with. Of a folder of pictures, with a sub-folder for each class, it
    makes a recipe that trains on them; of a text one of a net that learns to go on with it. A file that is there is left
    alone, with exit code 2.
    """
    from dllab.lab.preview_texts import ENDINGS
    from dllab.recipe import load
    from dllab.recipe.commented import commented
    from dllab.recipe.find import shipped

    pictures = os.path.isdir(name) and name not in shipped()
    text_file = not pictures and name.endswith(ENDINGS)
    recipe = _for_pictures(name, file) if pictures else _for_text(name, file) if text_file else load(name, trust=trust)
    text = commented(recipe)
    if file == STDOUT:
        sys.stdout.write(text)
        return
    path = Path(file if file is not None else f"{recipe.name}.yaml")
    _write(path, text)

    from dllab.cli.console import messages, output
    from dllab.recipe.place import visible
    from dllab.views.next_steps import NextSteps

    what = f"for the pictures in {name}," if pictures else f"for the text {name}," if text_file else f"a copy of {name}"
    messages().sentence(visible(f"wrote {path}, {what} with comments"))
    is_path = path.suffix in (".yaml", ".yml") or len(path.parts) > 1
    shown = visible(shlex.quote(str(path) if is_path else f"./{path}"))
    shown += " --trust" if recipe.use else ""
    steps = [(f"dllab train {shown}", "train it and watch it learn"), (f"dllab summary {shown}", "its layers")]
    output().show(NextSteps(steps))


def _for_pictures(folder: str, file: str | None) -> Recipe:
    """A recipe that trains on a folder of pictures, whose path counts from where the file will be."""
    from dllab.data.table import TableError
    from dllab.lab.preview_pictures import beginning
    from dllab.recipe import load

    if os.path.normpath(folder) == ".":
        folder = os.getcwd()
    try:
        recipe = load(beginning(folder))
    except TableError as error:
        raise Refused(error.problem, error.hint) from None
    return _beside(recipe, "folder", folder, file)


def _for_text(text: str, file: str | None) -> Recipe:
    """A recipe of a net that learns to go on with a text, whose path counts from where the file will be."""
    from dllab.data.table import TableError
    from dllab.lab.preview_texts import beginning
    from dllab.recipe import load

    try:
        recipe = load(beginning(text))
    except TableError as error:
        raise Refused(error.problem, error.hint) from None
    return _beside(recipe, "file", text, file)


def _beside(recipe: Recipe, option: str, path: str, file: str | None) -> Recipe:
    """The recipe, named after the path that its data have as an option, which counts from where the file will be."""
    assert recipe.data is not None
    there = os.getcwd() if file in (None, STDOUT) else os.path.dirname(os.path.abspath(str(file)))
    data = recipe.data.model_copy(update={option: os.path.relpath(path, there)})
    name = os.path.basename(os.path.abspath(path))
    return dataclasses.replace(recipe, name=os.path.splitext(name)[0] if os.path.isfile(path) else name, data=data)


def _write(path: Path, text: str) -> None:
    """The text in a new file; an existing one is not touched."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        what = "a folder" if path.is_dir() else "there already"
        raise Refused(
            f"{path} is {what}; nothing was written", "name another file after the recipe, or - to print it"
        ) from None
    except FileNotFoundError:
        raise Refused(f"there is no folder {path.parent}", "make it first, or write elsewhere") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Refused(
            f"{path} cannot be written: {reason}", "name another file after the recipe, or - to print it"
        ) from None
