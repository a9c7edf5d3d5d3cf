"""`dllab viz-landscape`: the loss around a net, and the way of its training."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, RecipeOrRun

if TYPE_CHECKING:
    from dllab.cli.subject import Meant

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
        int | None,
        typer.Option("--directions", help="Seed of the random directions [default: 0].", min=0, max=2**63 - 1, metavar="N"),
    ] = None,
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
    from dllab.cli.console import progress
    from dllab.cli.subject import Meant, spelled, subject
    from dllab.lab.directions import NoPlane
    from dllab.lab.landscape import landscape
    from dllab.views import landscape as views

    meant = Meant.by(target, changes, settings, seed=seed, run_dir=run_dir, trust=trust, before=before)
    _check(meant, path, directions)
    found = subject(meant, VIEW, path=path, fits=lambda plan, data: None)
    try:
        with progress("surface") as advance:
            result = landscape(found, points=points, span=span, seed=directions or 0, advance=advance)
    except NoPlane as error:
        problem, _, hint = str(error).partition("; ")
        raise Refused(problem, hint or f"train longer, or: {shlex.join(['dllab', VIEW, *meant.words])} --random") from None
    kept = spelled(points=points, span=span)
    view = views.landscape_view(result, shlex.join(meant.words), shlex.join(kept))
    plane = spelled(path=path is True, random=path is False, directions=directions, before=before)
    document = partial(views.document, result)
    saving.show(view, document, json=json, path=save, words=[VIEW, *meant.words, *plane, *kept])


def _check(meant: Meant, path: bool | None, directions: int | None) -> None:
    """Refuse options that do not go together."""
    from dllab.cli.subject import is_run

    if meant.before and path:
        raise Refused("--path: there is no path --before training", "leave out one of the two")
    walked = path or (path is None and not meant.before and not is_run(meant.target, meant.run_dir))
    if directions is not None and walked:
        raise Refused(
            f"--directions {directions}: the plane is that of the training's path", "add --random, or leave it out"
        )
