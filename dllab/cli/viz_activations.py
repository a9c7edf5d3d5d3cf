"""`dllab viz-activations`: what the layers of a net give, before, after and during training."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.live import Watch, live_for
from dllab.cli.live_figures import activations_figure
from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, RecipeOrRun, SplitName, subject

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dllab.lab.subject import Subject

VIEW = "viz-activations"


def viz_activations(
    target: RecipeOrRun,
    changes: Changes = None,
    settings: Settings = None,
    layer: Annotated[
        str | None,
        typer.Option("--layer", help="This layer in detail: a path such as 1_relu, or a kind.", metavar="PATH|KIND"),
    ] = None,
    place: Annotated[
        int | None,
        typer.Option("--input", help="What the layers give for this example of the split, from 0.", min=0, metavar="I"),
    ] = None,
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
    from dllab.cli.console import output
    from dllab.lab.activation_example import has
    from dllab.lab.activations import picked

    given = [*(changes or ()), *(settings or ())]
    words = shlex.join(
        [target, *given, *(["--seed", str(seed)] if seed is not None else []), *(["--trust"] if trust else []),
         *(["--run-dir", run_dir] if run_dir is not None else [])]
    )  # fmt: skip
    live = live_for(
        activations_figure(layer), target, watch=watch, as_json=json, trains=during, hint="give it --during, too"
    )
    found = subject(
        target, given, view=VIEW, seed=seed, run_dir=run_dir, trust=trust, before=before, during=during,
        fits=lambda plan: picked(plan.program("train").infos if during else plan.infos, layer),
        has=lambda data: has(data, split, place or 0), live=live,
    )  # fmt: skip
    view, document = _during(found, layer, words) if during else _still(found, layer, place, split, words)
    if json:
        output().document(document)
    else:
        output().show(view)
    saving.save(view, save, f"dllab {VIEW} {words}")


def _check(during: bool, before: bool, place: int | None, split: str | None) -> None:
    """Refuse options that do not go together."""
    if not during:
        return
    others = {"--before": before, "--input": place is not None, "--split": split is not None}
    for option, is_given in others.items():
        if is_given:
            raise Refused(f"{option}: --during looks at the batches of training", "leave out one of the two")


def _still(
    found: Subject, layer: str | None, place: int | None, split: str | None, words: str
) -> tuple[RenderableType, object]:
    """Of a net as it is."""
    from dllab.cli.console import progress
    from dllab.lab.activation_example import example
    from dllab.lab.activations import activations
    from dllab.views import activations as views

    name = split or next(iter(found.splits))
    with progress("compiling") as advance:
        found.compile("infer", on_event=lambda event: advance(event.done, event.total, event.kernel))  # type: ignore[union-attr]
    result = activations(found, name, layer)
    chosen = None if layer is None and place is None else example(found, name, place or 0, layer)
    words += f" --split {split}" if split is not None else ""
    return views.activations_view(result, chosen, words, layer is not None), views.document(result, chosen)


def _during(found: Subject, layer: str | None, words: str) -> tuple[RenderableType, object]:
    """Of a net while it is trained."""
    from dllab.lab.activations_during import during
    from dllab.views import activations_during as views

    result = during(found, layer)
    return views.during_view(result, words, layer is not None), views.document(result)
