"""`--save FILE`: a figure that a command shows, as a file too.

A command calls `check` before anything else, so that nobody waits for a figure that cannot be kept, and `show`, or `save`
with what it has shown. `check` and `save` do nothing where no file is asked for.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.failures import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

Save = Annotated[
    str | None,
    typer.Option("--save", help="Keep the figure as a file, too: .svg, .png, .html or .txt.", metavar="FILE"),
]


def check(path: str | None) -> None:
    """Raises Refused where no figure can be written to the path."""
    if path is None:
        return
    from dllab.views.save.figure import ENDINGS

    ending, asked = Path(path).suffix.lower(), f"--save {_shown(path)}"
    if os.path.isdir(path):
        raise Refused(f"{asked}: that is a folder", f"name a file in it: --save {_shown(os.path.join(path, 'fig.png'))}")
    if ending not in ENDINGS:
        stem = os.path.splitext(path)[0].strip("-") or "fig"
        raise Refused(f"{asked}: endings are {', '.join(ENDINGS)}", f"such as --save {_shown(stem + '.png')}")
    try:
        there = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        there = None
    except (OSError, ValueError):
        raise Refused(f"{asked}: no file can have that name", "choose another one, such as --save fig.png") from None
    folder = os.path.dirname(path) or "."
    if os.path.isfile(folder):
        raise Refused(f"{asked}: {_shown(folder)} is a file, no folder", "choose another place, such as --save fig.png")
    if not os.path.isdir(folder):
        raise Refused(f"{asked}: there is no folder {_shown(folder)}", f"make it first: mkdir -p {_shown(folder)}")
    if not os.access(folder, os.W_OK | os.X_OK) or (there is not None and not os.access(path, os.W_OK)):
        raise Refused(f"{asked}: you may not write there", "choose a file in a folder of your own, such as ~/fig.png")


def show(
    view: RenderableType, document: Callable[[], object], *, json: bool, path: str | None, words: Sequence[str]
) -> None:
    """Show what was found, or print its document; keep it as a file, too, with the words of the command for a title."""
    from dllab.cli.console import output

    if json:
        output().document(document())
    else:
        output().show(view)
    save(view, path, shlex.join(["dllab", *words]))


def save(shown: RenderableType, path: str | None, title: str, width: int | None = None) -> None:
    """Write what is shown to the file, whole or not at all, and say so; `width` is that of the terminal, or 80."""
    if path is None:
        return
    from dllab.cli.console import messages
    from dllab.recipe.place import visible
    from dllab.runs.disk import replace_file
    from dllab.views.save.figure import figure
    from dllab.views.save.png import TooLarge

    size = shutil.get_terminal_size((80, 24))
    try:
        content = figure(shown, Path(path).suffix.lower(), title, width or size.columns, size.lines)
    except TooLarge as error:
        raise Refused(
            f"--save {_shown(path)}: {error} are too large for a .png", "show less, or save it as .html, .svg or .txt"
        ) from None
    replace_file(Path(path), content)
    messages().sentence(f"saved to {visible(path)}")


def _shown(path: str) -> str:
    """A path as one types it."""
    from dllab.recipe.place import visible

    return visible(shlex.quote(path))
