"""`dllab viz-filters`: the filters of convolutions as pictures."""

from __future__ import annotations

import shlex

from dllab.cli.example import Layer
from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, RecipeOrRun


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
    from dllab.cli.console import output
    from dllab.cli.subject import named, subject
    from dllab.lab.chosen import exists
    from dllab.lab.filters import filters
    from dllab.lab.suits import FILTERS
    from dllab.views import filters as views

    given = [*(changes or ()), *(settings or ())]
    seen = subject(
        net, given, view="viz-filters", seed=seed, run_dir=run_dir, trust=trust, before=before, fits=exists(layer, FILTERS)
    )
    found = filters(seen, layer)
    words = named(net, given, seed=seed, trust=trust, run_dir=run_dir)
    view = views.filters_view(found, shlex.join(words), layer is not None)
    if json:
        output().document(views.document(found))
    else:
        output().show(view)
    saving.save(view, save, f"dllab viz-filters {shlex.join(words)}")
