"""`dllab viz-landscape`: the loss around a net, and the way of its training."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, RecipeOrRun, subject

VIEW = "viz-landscape"


def viz_landscape(
    target: RecipeOrRun,
    changes: Changes = None,
    settings: Settings = None,
    points: Annotated[
        int | None,
        typer.Option("--points", help="Points along an axis [default: 15 to 41].", min=3, max=501, metavar="N"),
    ] = None,
    span: Annotated[
        float | None,
        typer.Option(
            "--span",
            help="How far it reaches, in lengths of the weights [default: 1, or the path].",
            min=0.001,
            max=1000,
            metavar="S",
        ),
    ] = None,
    path: Annotated[
        bool | None,
        typer.Option("--path/--random", help="The plane of the training's path [default for a recipe], or a random one."),
    ] = None,
    before: Before = False,
    seed: SeedOption = None,
    directions: Annotated[
        int, typer.Option("--directions", help="Seed of the random directions.", min=0, max=2**63 - 1, metavar="N")
    ] = 0,
    run_dir: RunDir = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Draw the loss on a plane through the weights of a net: how it was walked down, how sharp the place is.

    For a recipe the plane is that of its training's path: the first two principal directions of its weights at 50 steps,
    with the path drawn. For a run it is spanned by two random directions, each filter of which has the norm of the
    net's own (Li et al. 2018), biases and normalisations left alone: in these planes nets can be compared. --path trains a
    run's recipe anew. The loss is that of up to 512 training rows, as at inference: batch norm uses its running averages.
    """
    from dllab.cli import saving

    saving.check(save)
    if before and path:
        raise Refused("--path: there is no path --before training", "leave out one of the two")
    from dllab.cli.console import output, progress
    from dllab.lab.directions import NoPlane
    from dllab.lab.landscape import landscape
    from dllab.views import landscape as views

    given = [*(changes or ()), *(settings or ())]
    words = shlex.join(
        [target, *given, *(["--seed", str(seed)] if seed is not None else []), *(["--trust"] if trust else []),
         *(["--run-dir", run_dir] if run_dir is not None else [])]
    )  # fmt: skip
    found = subject(
        target, given, view=VIEW, seed=seed, run_dir=run_dir, trust=trust, before=before, path=path,
    )  # fmt: skip
    try:
        with progress("surface") as advance:
            result = landscape(found, points=points, span=span, seed=directions, advance=advance)
    except NoPlane as error:
        problem, _, hint = str(error).partition("; ")
        raise Refused(problem, hint or f"train longer, or: dllab {VIEW} {words} --random") from None
    view = views.landscape_view(result, words)
    if json:
        output().document(views.document(result))
    else:
        output().show(view)
    saving.save(view, save, f"dllab {VIEW} {words}")
