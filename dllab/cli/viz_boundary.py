"""`dllab viz-boundary`: the plane of a net's two inputs, and what its units draw on it."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from dllab.cli.live import WatchBoundary, live_for
from dllab.cli.live_figures import boundary_figure
from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, RecipeOrRun

MOST = 30
"""Units that are drawn if nobody says how many."""


def viz_boundary(
    target: RecipeOrRun,
    changes: Changes = None,
    settings: Settings = None,
    before: Before = False,
    units: Annotated[bool, typer.Option("--units", help="What each unit of a hidden layer draws.")] = False,
    layer: Annotated[
        str | None,
        typer.Option(
            "--layer", help="Of which layer, by path or kind [default: the first hidden one].", metavar="PATH|KIND"
        ),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option("--most", help="Draw so many units [default: 30]; implies --units.", min=1, max=1000, metavar="N"),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Points of train, validation or test [default: train].", metavar="NAME"),
    ] = None,
    watch: WatchBoundary = None,
    seed: SeedOption = None,
    run_dir: RunDir = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Draw where a net of two inputs draws the line between classes, how sure it is, and on which side the points lie.

    With --units, what single units of a hidden layer see of the plane: the lines from which the boundary is put together.
    Of a net with one input and one value its curve is drawn. A recipe is trained first: at a terminal all of it is drawn
    as it moves.
    """
    from dllab.cli import saving

    saving.check(save)
    from dllab.cli.console import output
    from dllab.cli.example import split_of
    from dllab.cli.failures import Refused
    from dllab.cli.subject import is_run, subject
    from dllab.lab.plane_map import line_map, plane_map
    from dllab.lab.suits import Unsuited
    from dllab.runs.plane import is_plane
    from dllab.views import plane_map as views

    given = [*(changes or ()), *(settings or ())]
    trains = not before and not is_run(target, run_dir)
    figure = boundary_figure(split, layer, units or most is not None, most or MOST)
    live = live_for(
        figure, target, watch=watch, as_json=json, trains=trains, hint="name a recipe, without --before"
    )  # fmt: skip
    found = subject(target, given, view="viz-boundary", seed=seed, run_dir=run_dir, trust=trust, before=before, live=live)
    make = plane_map if is_plane(found.data.dataset) else line_map
    try:
        result = make(found, split_of(found, split or "train"), layer, units or most is not None)
    except Unsuited as error:
        raise Refused(error.problem, error.hint) from None
    words = [target, *given, *(["--seed", str(seed)] if seed is not None else []), *(["--trust"] if trust else []),
             *(["--run-dir", run_dir] if run_dir is not None else [])]  # fmt: skip
    asked = shlex.join(["--layer", layer]) if layer is not None else "--units"
    view = views.view(result, shlex.join(words), most or MOST, asked)
    if json:
        output().document(views.document(result))
    else:
        output().show(view)
    saving.save(view, save, f"dllab viz-boundary {shlex.join(words)}")
