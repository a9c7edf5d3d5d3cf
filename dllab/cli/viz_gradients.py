"""`dllab viz-gradients`: gradients over a training."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from dllab.cli.live import Watch, live_for
from dllab.cli.live_figures import gradients_figure
from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, RecipeOrRun


def viz_gradients(
    target: RecipeOrRun,
    changes: Changes = None,
    settings: Settings = None,
    layer: Annotated[
        str | None,
        typer.Option("--layer", help="Only layers of this path or kind, such as 2_dense or relu.", metavar="PATH|KIND"),
    ] = None,
    before: Before = False,
    watch: Watch = None,
    seed: SeedOption = None,
    run_dir: RunDir = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Draw the gradients of a training: layer by layer, over time, beside the weights; is there one that vanishes?

    A recipe is trained for it, a run is trained again from its recipe, and nothing is kept. With --before it is one batch
    of the net as its weights are drawn. Names vanishing and exploding gradients as such, with the rule that says so. At a
    terminal it is drawn while the net is trained.
    """
    from dllab.cli import saving

    saving.check(save)
    from dllab.cli.console import output
    from dllab.cli.subject import is_run, named, subject
    from dllab.lab.activations import picked
    from dllab.lab.gradients import gradients
    from dllab.views import gradients as views

    given = [*(changes or ()), *(settings or ())]
    live = live_for(
        gradients_figure(layer), target, watch=watch, as_json=json, trains=not before, hint="leave out --before"
    )
    net = subject(
        target,
        given,
        view="viz-gradients",
        seed=seed,
        run_dir=run_dir,
        trust=trust,
        before=before,
        during=not before,
        fits=lambda plan: picked(plan.program("train").infos, layer),
        live=live,
    )
    found = gradients(net, layer)
    words = named(target, given, seed=seed, trust=trust, run_dir=run_dir)
    flags = ["--before"] if before else []
    further = [] if before else [(f"dllab viz-gradients {shlex.join(words)} --before", "the net as it is drawn")]
    layers = [] if is_run(target, run_dir) else [(f"dllab summary {shlex.join([target, *given])}", "its layers")]
    commands = (*further, *layers)
    view = views.GradientsView(found, commands)
    if json:
        output().document(views.document(found))
    else:
        output().show(view)
    saving.save(view, save, f"dllab viz-gradients {shlex.join([*words, *flags])}")
