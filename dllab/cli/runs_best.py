"""`dllab runs best`: the best run of each recipe, or the best ones of one."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from dllab.cli.options import Json, RunDir
from dllab.cli.runs import LARGEST_LIMIT, Where, elsewhere, opened

SHOWN = 5


def best_runs(
    metric: Annotated[
        str | None,
        typer.Option("--metric", help="Which figure, such as test_accuracy [default: the metric of the validation split, "
                     "or else of the test split].", metavar="FIGURE"),
    ] = None,
    recipe: Annotated[str | None, typer.Option("--recipe", help="Only runs of this recipe.", metavar="RECIPE")] = None,
    where: Where = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", help="So many runs of a recipe [default: 1, with --recipe 5].", min=1,
                     max=LARGEST_LIMIT, metavar="N"),
    ] = None,
    as_json: Json = False,
    run_dir: RunDir = None,
) -> None:  # fmt: skip
    """Show the best run of each recipe, members of sweeps among them; with --recipe the best ones of that recipe.

    Runs that came to their end count. Of equal ones the one with the least loss of that split comes first. A figure that
    the best of many is chosen by is better than a new run would be: judge the chosen one by another split.
    """
    from dllab.cli.console import output
    from dllab.lab.run_best import best
    from dllab.views.run_lists import BestList, best_document

    with opened(run_dir) as (index, progress):
        answer = best(index, metric=metric, recipe=recipe, where=where or (), limit=limit or (SHOWN if recipe else 1),
                      higher=_higher, progress=progress)  # fmt: skip
    if as_json:
        output().document(best_document(answer.found))
        return
    commands = []
    if answer.found:
        name = answer.found[0].lines[0].name
        commands = [(shlex.join(["dllab", "runs", "show", name, *elsewhere(run_dir)]), "all about it")]
    output().show(BestList(answer, recipe is not None, commands))


def _higher(figure: str) -> bool:
    """Whether more of a figure is better; of a metric of the user's own it is taken to be."""
    from dllab.catalogue import parts

    metric = figure.partition("_")[2]
    return metric != "loss" and bool(getattr(parts("metrics").get(metric), "higher_is_better", True))
