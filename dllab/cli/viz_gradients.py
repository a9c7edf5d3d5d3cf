"""`dllab viz-gradients`: gradients over a training."""

from __future__ import annotations

import shlex
from functools import partial

from dllab.cli.live import Watch, live_for
from dllab.cli.live_figures import gradients_figure
from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, Layer, RecipeOrRun

VIEW = "viz-gradients"


def viz_gradients(
    target: RecipeOrRun,
    changes: Changes = None,
    settings: Settings = None,
    layer: Layer = None,
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
    from dllab.cli.subject import Meant, is_run, spelled, subject
    from dllab.lab.chosen import chosen
    from dllab.lab.gradients import gradients
    from dllab.views import gradients as views

    meant = Meant.by(target, changes, settings, seed=seed, run_dir=run_dir, trust=trust, before=before)
    live = live_for(
        gradients_figure(layer), target, watch=watch, as_json=json, trains=not before, hint="leave out --before"
    )
    net = subject(
        meant, VIEW, during=not before, live=live, fits=lambda plan, data: chosen(plan.program("train").infos, layer)
    )
    found = gradients(net, layer)
    line = [VIEW, *meant.words, *spelled(layer=layer)]
    further = [] if before else [(f"dllab {shlex.join(line)} --before", "the net as it is drawn")]
    layers = [] if is_run(target, run_dir) else [(f"dllab summary {shlex.join([target, *meant.given])}", "its layers")]
    view = views.GradientsView(found, (*further, *layers))
    document = partial(views.document, found)
    saving.show(view, document, json=json, path=save, words=[*line, *spelled(before=before)])
