"""`dllab losses`, `optimizers`, `schedules`, ...: the parts of a family, and the page of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Json, Trust

PartName = Annotated[
    str | None, typer.Argument(help="Show the page of this one; a file of your own: of what it defines.", metavar="NAME")
]


def losses(name: PartName = None, json: Json = False, trust: Trust = False) -> None:
    """List the losses a recipe can name, or explain one: formula, options, example, source."""
    show("losses", name, json, trust)


def optimizers(name: PartName = None, json: Json = False, trust: Trust = False) -> None:
    """List the optimizers and links of chains a recipe can name, or explain one: formula, options, example, source."""
    show("optimizers", name, json, trust)


def schedules(name: PartName = None, json: Json = False, trust: Trust = False) -> None:
    """List the schedules of the learning rate, or explain one: formula, options, example, source."""
    show("schedules", name, json, trust)


def initializers(name: PartName = None, json: Json = False, trust: Trust = False) -> None:
    """List the ways weights can start, or explain one: formula, options, example, source."""
    show("initializers", name, json, trust)


def augmentations(name: PartName = None, json: Json = False, trust: Trust = False) -> None:
    """List the changes to training rows a recipe can name, or explain one: formula, options, example, source."""
    show("augmentations", name, json, trust)


def metrics(name: PartName = None, json: Json = False, trust: Trust = False) -> None:
    """List the metrics a recipe can name, or explain one: formula, example, source."""
    show("metrics", name, json, trust)


def show(family: str, name: str | None, json: bool, trust: bool) -> None:
    """The list of a family, or the page of one of its parts; of all its parts in a file of the user's own."""
    if name is None:
        show_family(family, json)
    elif name.endswith(".py"):
        show_own(name, (family,), json, trust)
    else:
        show_pages(name, (family,), json)


def show_family(family: str, json: bool) -> None:
    """The list of a family."""
    from dllab.catalogue import FAMILIES, parts
    from dllab.cli.console import output
    from dllab.views import parts as views

    if json:
        output().document(views.document({family: parts(family)}))
    else:
        others = [other for other in FAMILIES if other != family]
        output().show(views.family_view(family, parts(family), family, others))


def show_pages(name: str, families: Sequence[str], json: bool) -> None:
    """The page of a part; of all parts of that name, where the families have several."""
    from dllab.catalogue import parts
    from dllab.cli.console import output
    from dllab.views import parts as views

    pages = [(family, parts(family)[name]) for family in families if name in parts(family)]
    if not pages:
        raise _unknown(name, families)
    if json:
        output().document({"parts": [views.page_document(family, part) for family, part in pages]})
    else:
        output().show(views.pages_view(pages))


def show_own(path: str, families: Sequence[str], json: bool, trust: bool) -> None:
    """The pages of the parts that a file of the user's own defines."""
    from dllab.catalogue import with_parts
    from dllab.cli.console import output
    from dllab.recipe.errors import article
    from dllab.recipe.forms import noun
    from dllab.recipe.own_parts import parts_of_file
    from dllab.views import parts as views

    own = parts_of_file(path, trust)
    pages = [(family, part) for family in families for part in own.found.get(family, {}).values()]
    if not pages:
        there = ", ".join(f"the {noun(family)} {name}" for family, found in own.found.items() for name in found)
        family = next(iter(own.found))
        hint = f"it defines {there}: dllab {family} {path} --trust"
        raise Refused(f"{path} does not define {article(noun(families[0]))}", hint)
    with with_parts(own.found):
        if json:
            output().document({"parts": [views.page_document(family, part) for family, part in pages]})
        else:
            output().show(views.pages_view(pages))


def _unknown(name: str, families: Sequence[str]) -> Refused:
    """No such part: what was meant, or which other list has it."""
    from dllab.catalogue import FAMILIES, parts
    from dllab.recipe.errors import article, did_you_mean, show
    from dllab.recipe.forms import noun

    what, command = (noun(families[0]), families[0]) if len(families) == 1 else ("part", "layers")
    elsewhere = [family for family in FAMILIES if name in parts(family)]
    if elsewhere:
        hint = f"`dllab {elsewhere[0]} {name}` shows it"
        return Refused(f"{show(name)} is {article(noun(elsewhere[0]))}, not {article(what)}", hint)
    known = [part for family in families for part in parts(family)] + ([] if len(families) == 1 else [*FAMILIES])
    return Refused(f"no {what} is called {show(name)}.{did_you_mean(name, known)}", f"`dllab {command}` lists them")
