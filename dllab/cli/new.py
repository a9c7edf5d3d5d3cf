"""`dllab new`: a starting file for a part of your own."""

from __future__ import annotations

import keyword
import os
import re
from pathlib import Path
from typing import Annotated

import typer

from dllab.cli.failures import Refused

KINDS = {
    "layer": ("layers", "model: [dense: 8, {name}, dense: classes]"),
    "activation": ("layers", "model: [dense: 8, {name}, dense: classes]"),
    "loss": ("losses", "loss: {name}"),
    "optimizer": ("optimizers", "optimizer: {name}"),
    "schedule": ("schedules", "schedule: {name}"),
    "dataset": ("datasets", "data: {name}"),
    "augmentation": ("augmentations", "augment: [{name}]"),
}
"""Kind of part to its family, and how a recipe uses it."""


def new(
    kind: Annotated[str, typer.Argument(help=f"What to begin: {', '.join(KINDS)}.", metavar="KIND")],
    name: Annotated[str, typer.Argument(help="What recipes will call it: small letters, digits, _.", metavar="NAME")],
) -> None:
    """Write NAME.py, a commented starting file for a layer, loss, optimizer, ... of your own.

    The file is complete: its gradients are right and a recipe can use it. Change it step by step, and check it again
    after each. Recipes name it under use:, and run it only with --trust.
    """
    from dllab.catalogue import parts
    from dllab.cli.console import output
    from dllab.recipe.errors import did_you_mean, show
    from dllab.views.next_steps import NextSteps

    if kind not in KINDS:
        raise Refused(
            f"there is no kind of part {show(kind)}.{did_you_mean(kind, list(KINDS))}", f"kinds: {', '.join(KINDS)}"
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name) or keyword.iskeyword(name):
        raise Refused(f"{show(name)} cannot name a part", "a name is small letters, digits and _, and begins with a letter")
    family, usage = KINDS[kind]
    if name in parts(family):
        raise Refused(
            f"there is {show(name)} among the {family} already", f"`dllab {family} {name}` shows it; take another name"
        )
    path = Path(f"{name}.py")
    _write(path, _text(kind, name))
    console = output()
    console.sentence(f"wrote {path}")
    console.sentence("")
    console.sentence(f"In a recipe:\n  use: [{path}]\n  {usage.format(name=name)}")
    console.sentence("")
    steps = [(f"dllab gradcheck {path} --trust", "its gradients, by differences")] if family in ("layers", "losses") else []
    console.show(NextSteps([*steps, (f"dllab {family} {path} --trust", "its page")]))


def _text(kind: str, name: str) -> str:
    from importlib import resources

    text = resources.files("dllab.templates").joinpath(f"{kind}.py").read_text(encoding="utf-8")
    return text.replace("MyPart", "".join(word.capitalize() for word in name.split("_"))).replace("mypart", name)


def _write(path: Path, text: str) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Refused(f"{path} is there already, and stays as it is", "take another name, or move the file away") from None
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}", "try another folder") from None
