"""`dllab gradcheck`: prove that gradients are right."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any

import typer

from dllab.cli.failures import FINE, NEGATIVE, Refused
from dllab.cli.options import LARGEST_SEED, Changes, Json, Settings, Trust

Bar = Callable[[int, int, str], None]


def gradcheck(
    recipe: Annotated[
        str | None, typer.Argument(help="Name or path of a recipe, or a file with parts of your own.", metavar="RECIPE")
    ] = None,
    changes: Changes = None,
    settings: Settings = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Check every layer, block and loss by itself instead of a recipe.")
    ] = False,
    inject_bug: Annotated[
        str | None,
        typer.Option(
            "--inject-bug",
            metavar="LAYER",
            help="Spoil one gradient of this layer on purpose, to see a failure: 0_dense, dense or loss.",
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Check all numbers of large arrays, not a sample of them.")] = False,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            help="Seed of the parameters and the batch, instead of the recipe's.",
            min=0,
            max=LARGEST_SEED,
            metavar="N",
        ),
    ] = None,
    as_json: Json = False,
    trust: Trust = False,
) -> int:
    """Compare gradients with central differences, in float64: every parameter, and the input.

    A gradient passes below a relative error of 1e-6. Kinks, where no derivative exists, are left out and counted. Where
    a gradient fails, a sweep of epsilon shows whether it is a bug. Exit code 1 when one fails.
    """
    overrides = [*(changes or ()), *(settings or ())]
    if everything and recipe is not None:
        raise Refused("--all checks the lab's own layers and losses and takes no recipe", "leave out one of the two")
    if everything and overrides:
        raise Refused("--all takes no settings: there is no recipe to change", "leave them out")
    if recipe is None and not everything:
        raise Refused("nothing to check", "name a recipe (`dllab gradcheck spirals`), or give --all")
    from dllab.cli.console import output, progress
    from dllab.views.gradcheck import GradcheckView

    with progress("checking") as bar:
        report = _report(recipe, overrides, inject_bug, seed, full, bar, trust)
    if as_json:
        output().document(report.as_json())
    else:
        output().show(GradcheckView(report, *_next(recipe, [*overrides, *(["--trust"] if trust else [])], report)))
    return FINE if report.passed else NEGATIVE


def _report(recipe: str | None, changes: list[str], inject_bug: str | None, seed: int | None, full: bool, bar: Bar,
            trust: bool) -> Any:  # fmt: skip
    """The report; `bar` shows how far it is while it is made."""
    from dllab.lab.gradcheck_report import Report
    from dllab.lab.planted_bug import UnknownLayer

    try:
        if recipe is None:
            from dllab.lab.gradcheck_cases import check_parts

            events: Iterable[Any] = check_parts(seed=seed or 0, plant_in=inject_bug, full=full)
            return Report.of("every layer and loss", _shown(events, bar), inject_bug, parts=True)
        from dllab.recipe import load
        from dllab.recipe.own_parts import part_file

        if part_file(recipe):
            return _own_report(recipe, changes, inject_bug, seed, full, bar, trust)
        loaded = load(recipe, changes, trust=trust)
        from dllab.lab.gradcheck import check_recipe

        events = check_recipe(loaded, seed=seed, plant_in=inject_bug, full=full)
        return Report.of(loaded.name, _shown(events, bar), inject_bug)
    except UnknownLayer as error:
        raise Refused(f"--inject-bug: {error}") from None


def _own_report(path: str, changes: list[str], inject_bug: str | None, seed: int | None, full: bool, bar: Bar,
                trust: bool) -> Any:  # fmt: skip
    """The report on the parts that a file of the user's own defines."""
    from dllab.catalogue import with_parts
    from dllab.lab.gradcheck_cases import check_parts
    from dllab.lab.gradcheck_report import Report
    from dllab.recipe.own_parts import parts_of_file

    if changes:
        raise Refused("a file with parts takes no settings: there is no recipe to change", "leave them out")
    own = parts_of_file(path, trust)
    with with_parts(own.found):
        names = {name for family in ("layers", "losses") for name in own.found.get(family, {})}
        if not names:
            kinds = ", ".join(f"{name} ({family})" for family, found in own.found.items() for name in found)
            raise Refused(f"{path} has no layer or loss, so no gradient of its own to check: {kinds}",
                          "check a recipe that uses it: dllab gradcheck RECIPE --trust")  # fmt: skip
        events = check_parts(seed=seed or 0, plant_in=inject_bug, full=full, only=names)
        return Report.of(path, _shown(events, bar), inject_bug, parts=True)


def _next(recipe: str | None, changes: list[str], report: Any) -> tuple[str, str]:
    """The command to try after this, and what it shows."""
    if report.planted:
        return "", ""
    if not report.passed:
        return ("", "") if report.parts else ("dllab gradcheck --all", "every layer by itself")
    if recipe is not None and report.parts:
        return "", ""
    if recipe is None:
        return "dllab gradcheck --all --inject-bug dense", "what a failure looks like"
    layer = next((check.layer for check in report.checks), "loss")
    words = ["dllab", "gradcheck", recipe, *changes, "--inject-bug", layer if layer != "input" else "loss"]
    return shlex.join(words), "what a failure looks like"


def _shown(events: Iterable[Any], bar: Bar) -> Iterator[Any]:
    """Hand the events on, and show how far they are."""
    from dllab.lab.gradcheck_report import Checked
    from dllab.training.events import Compiling

    for event in events:
        if isinstance(event, Checked):
            bar(event.number, event.of, event.title)
        elif isinstance(event, Compiling):
            bar(event.done, event.total, f"compiling {event.kernel} (once)" if event.kernel else "")
        yield event
