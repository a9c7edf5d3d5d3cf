"""`dllab gradcheck`: prove that gradients are right."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer

from dllab.cli.failures import NEGATIVE, Refused


def gradcheck(
    recipe: Annotated[str | None, typer.Argument(help="Name or path of a recipe.", metavar="[RECIPE]")] = None,
    settings: Annotated[
        list[str] | None, typer.Argument(help="Changes to the recipe, such as loss=mse.", metavar="[KEY=VALUE]...")
    ] = None,
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
        int | None, typer.Option("--seed", min=0, help="Seed of the parameters and the batch (default: the recipe's).")
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("-s", "--set", metavar="KEY=VALUE", help="Change the recipe, such as model[0].dense.units=4."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Compare gradients with central differences, in float64: every parameter, and the input.

    A gradient passes below a relative error of 1e-6. Kinks, where no derivative exists, are left out and counted. Where
    a gradient fails, a sweep of epsilon shows whether it is a bug. Exit code 1 when one fails.
    """
    changes = [*(settings or []), *(sets or [])]
    if everything and recipe is not None:
        raise Refused("--all checks the lab's own layers and losses and takes no recipe", "leave out one of both")
    if everything and changes:
        raise Refused("--all takes no settings: there is no recipe to change", "leave them out")
    if recipe is None and not everything:
        raise Refused("nothing to check", "name a recipe (`dllab gradcheck spirals`), or give --all")
    report = _report(recipe, changes, inject_bug, seed, full)
    if as_json:
        import json

        typer.echo(json.dumps(report.as_json()))
    else:
        from rich.console import Console

        from dllab.views.gradcheck import GradcheckView

        Console().print(GradcheckView(report, _next(recipe, changes, report)))
    if not report.passed:
        raise typer.Exit(NEGATIVE)


def _report(recipe: str | None, changes: list[str], inject_bug: str | None, seed: int | None, full: bool) -> Any:
    """The report, with progress on stderr while it is made."""
    from dllab.lab.gradcheck_report import Report
    from dllab.lab.planted_bug import UnknownLayer

    try:
        if recipe is None:
            from dllab.lab.gradcheck_cases import check_parts

            events: Iterable[Any] = check_parts(seed=seed or 0, plant_in=inject_bug, full=full)
            return Report.of("every layer and loss", _shown(events), inject_bug, parts=True)
        from dllab.recipe import load

        loaded = load(recipe, changes)
        from dllab.lab.gradcheck import check_recipe

        events = check_recipe(loaded, seed=seed, plant_in=inject_bug, full=full)
        return Report.of(loaded.name, _shown(events), inject_bug)
    except UnknownLayer as error:
        raise Refused(f"--inject-bug: {error}") from None


def _next(recipe: str | None, changes: list[str], report: Any) -> str:
    """What to try after this."""
    if report.planted:
        return ""
    if not report.passed:
        return "" if report.parts else "dllab gradcheck --all   (every layer by itself)"
    if recipe is None:
        return "dllab gradcheck --all --inject-bug dense   (what a failure looks like)"
    layer = next((check.layer for check in report.checks), "loss")
    import shlex

    words = ["dllab", "gradcheck", recipe, *changes, "--inject-bug", layer if layer != "input" else "loss"]
    return shlex.join(words)


def _shown(events: Iterable[Any]) -> Iterator[Any]:
    """Hand the events on, with a bar on stderr at a terminal."""
    from rich.console import Console

    console = Console(file=sys.stderr)
    if not console.is_terminal or console.is_dumb_terminal:
        yield from events
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from dllab.lab.gradcheck_report import Checked

    columns = (TextColumn("{task.description:<24.24}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("checking", total=None)
        for event in events:
            if isinstance(event, Checked):
                progress.update(task, description=event.title, completed=event.number, total=event.of)
            else:
                progress.update(task, description="compiling (once)", completed=event.done, total=event.total)
            yield event
