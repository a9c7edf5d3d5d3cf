"""`dllab viz-filters`: the filters of convolutions as pictures."""

from __future__ import annotations

import shlex
from functools import partial

from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, Layer, RecipeOrRun

VIEW = "viz-filters"


def viz_filters(
    net: RecipeOrRun,
    changes: Changes = None,
    settings: Settings = None,
    layer: Layer = None,
    before: Before = False,
    seed: SeedOption = None,
    run_dir: RunDir = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Draw the filters of convolutions: those of the first layer, or of the layers that --layer names.

    Filters of one channel are drawn as they are, those of three colours in these, and of others the slice of the input
    channel that they weigh most, with the norms of all; those of signals as strips. What is nearly zero, or nearly the same
    as another one, is named.
    """
    from dllab.cli import saving

    saving.check(save)
    from dllab.cli.subject import Meant, spelled, subject
    from dllab.lab.chosen import chosen
    from dllab.lab.filters import filters
    from dllab.lab.suits import FILTERS
    from dllab.views import filters as views

    meant = Meant.by(net, changes, settings, seed=seed, run_dir=run_dir, trust=trust, before=before)
    found = filters(subject(meant, VIEW, fits=lambda plan, data: chosen(plan.infos, layer, FILTERS)), layer)
    kept = spelled(layer=layer, before=before)
    view = views.filters_view(found, shlex.join(meant.words), layer is not None, shlex.join(kept))
    document = partial(views.document, found)
    saving.show(view, document, json=json, path=save, words=[VIEW, *meant.words, *kept])
