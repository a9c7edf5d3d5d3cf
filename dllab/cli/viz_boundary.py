"""`dllab viz-boundary`: the plane of a net's two inputs, and what its units draw on it."""

from __future__ import annotations

import shlex
from functools import partial
from typing import Annotated

import typer

from dllab.cli.live import WatchBoundary, live_for
from dllab.cli.live_figures import boundary_figure
from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, Layer, RecipeOrRun, TrainSplit

VIEW = "viz-boundary"
MOST = 30
"""Units that are drawn if nobody says how many."""


def viz_boundary(
    target: RecipeOrRun,
    changes: Changes = None,
    settings: Settings = None,
    before: Before = False,
    units: Annotated[bool, typer.Option("--units", help="What each unit of a hidden layer draws.")] = False,
    layer: Layer = None,
    most: Annotated[
        int | None,
        typer.Option("--most", help="Draw so many units [default: 30]; implies --units.", min=1, max=1000, metavar="N"),
    ] = None,
    split: TrainSplit = None,
    watch: WatchBoundary = None,
    seed: SeedOption = None,
    run_dir: RunDir = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Draw where a net of two inputs draws the line between classes, how sure it is, and on which side the points lie.

    With --units, what single units of a hidden layer see of the plane: the lines from which the boundary is put together;
    --layer says of which one, by itself it is the first. Of a net with one input and one value its curve is drawn. A recipe
    is trained first: at a terminal all of it is drawn as it moves.
    """
    from dllab.cli import saving

    saving.check(save)
    from dllab.cli.subject import Meant, is_run, spelled, subject
    from dllab.lab.examples import split_of
    from dllab.lab.plane_map import line_map, of_units, plane_map
    from dllab.runs.plane import is_plane
    from dllab.views import plane_map as views

    meant = Meant.by(target, changes, settings, seed=seed, run_dir=run_dir, trust=trust, before=before)
    trains = not before and not is_run(target, run_dir)
    figure = boundary_figure(split, layer, units or most is not None, most or MOST)
    live = live_for(
        figure, target, watch=watch, as_json=json, trains=trains, hint="name a recipe, without --before"
    )  # fmt: skip
    found = subject(
        meant, VIEW, fits=lambda plan, data: (split_of(data, split, "train"), of_units(plan.infos, layer)), live=live
    )
    make = plane_map if is_plane(found.data.dataset) else line_map
    result = make(found, split_of(found.data, split, "train"), layer, units or most is not None)
    asked = spelled(units=(units or most is not None) and layer is None, layer=layer, most=most)
    view = views.view(result, shlex.join(meant.words), most or MOST, shlex.join(asked) or "--units")
    words = [VIEW, *meant.words, *asked, *spelled(split=split, before=before)]
    saving.show(view, partial(views.document, result), json=json, path=save, words=words)
