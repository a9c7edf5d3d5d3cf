"""`dllab viz-activations`: what the layers of a net give, before, after and during training."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.live import Watch, live_for
from dllab.cli.live_figures import activations_figure
from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, InputIndex, Layer, RecipeOrRun, SplitName

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from dllab.data.dataset import Prepared
    from dllab.lab.subject import Subject
    from dllab.plan.plan import Plan

VIEW = "viz-activations"


def viz_activations(
    target: RecipeOrRun,
    changes: Changes = None,
    settings: Settings = None,
    layer: Layer = None,
    place: InputIndex = None,
    before: Before = False,
    during: Annotated[bool, typer.Option("--during", help="How it changes while the net is trained.")] = False,
    watch: Watch = None,
    split: SplitName = None,
    seed: SeedOption = None,
    run_dir: RunDir = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Draw what the layers of a net give: how their outputs lie, which units are dead, which are saturated.

    For up to 256 examples, evenly taken from the split. --layer shows one layer in detail, with what it gives for one
    example: feature maps of pictures, states and gates over time. --input shows every layer for one example. --during
    trains the net, a run's anew, and shows how the figures move: they are those of the batches of training; at a terminal
    they are drawn while it is trained.
    """
    from dllab.cli import saving

    saving.check(save)
    _check(during, before, place, split)
    from dllab.cli.subject import Meant, spelled, subject
    from dllab.lab.chosen import chosen
    from dllab.lab.examples import rows_of, split_of

    def fits(plan: Plan, data: Prepared) -> None:
        chosen(plan.program("train").infos if during else plan.infos, layer)
        rows_of(data, split_of(data, split), [place or 0])

    meant = Meant.by(target, changes, settings, seed=seed, run_dir=run_dir, trust=trust, before=before)
    live = live_for(
        activations_figure(layer), target, watch=watch, as_json=json, trains=during, hint="give it --during, too"
    )
    found = subject(meant, VIEW, fits=fits, during=during, live=live)
    kept = spelled(split=split, input=place, before=before)
    words = shlex.join(meant.words)
    view, document = _during(found, layer, words) if during else _still(found, layer, place, split, words, kept)
    line = [VIEW, *meant.words, *spelled(layer=layer, during=during), *kept]
    saving.show(view, document, json=json, path=save, words=line)


def _check(during: bool, before: bool, place: int | None, split: str | None) -> None:
    """Refuse options that do not go together."""
    if not during:
        return
    others = {"--before": before, "--input": place is not None, "--split": split is not None}
    for option, is_given in others.items():
        if is_given:
            raise Refused(f"{option}: --during looks at the batches of training", "leave out one of the two")


def _still(
    found: Subject, layer: str | None, place: int | None, split: str | None, words: str, kept: list[str]
) -> tuple[RenderableType, Callable[[], object]]:
    """Of a net as it is."""
    from dllab.cli.console import progress
    from dllab.lab.activation_example import example
    from dllab.lab.activations import activations
    from dllab.lab.examples import split_of
    from dllab.views import activations as views

    name = split_of(found.data, split)
    with progress("compiling") as advance:
        found.compile("infer", on_event=lambda event: advance(event.done, event.total, event.kernel))  # type: ignore[union-attr]
    result = activations(found, name, layer)
    one = None if layer is None and place is None else example(found, name, place or 0, layer)
    view = views.activations_view(result, one, words, layer is not None, shlex.join(kept))
    return view, partial(views.document, result, one)


def _during(found: Subject, layer: str | None, words: str) -> tuple[RenderableType, Callable[[], object]]:
    """Of a net while it is trained."""
    from dllab.lab.activations_during import during
    from dllab.views import activations_during as views

    result = during(found, layer)
    return views.during_view(result, words, layer is not None), partial(views.document, result)
