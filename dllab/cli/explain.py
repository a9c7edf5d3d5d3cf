"""`dllab explain`: one step of training with real numbers, layer by layer."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Changes, Json, RecipeName, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Meant, spelled

if TYPE_CHECKING:
    from dllab.lab.explain_asked import Asked
    from dllab.lab.explain_step import Moment
    from dllab.recipe import Recipe


def explain(
    recipe: RecipeName,
    changes: Changes = None,
    settings: Settings = None,
    step: Annotated[
        int, typer.Option("--step", help="The step that is explained; training comes up to it.", min=1, metavar="N")
    ] = 1,
    row: Annotated[
        int | None,
        typer.Option(
            "--input", help="Which example of the batch, from 0 [default: the first not all 0].", min=0, metavar="I"
        ),
    ] = None,
    layer: Annotated[
        str | None, typer.Option("--layer", help="This layer (or kind, or loss, or update) alone.", metavar="PATH|KIND")
    ] = None,
    unit: Annotated[
        int | None,
        typer.Option(
            "--unit", help="This unit of each layer, from 1 [default: that with the largest |y dy|].", min=1, metavar="U"
        ),
    ] = None,
    terms: Annotated[
        int | None,
        typer.Option(
            "--terms", help="Terms of a long sum that are written out [default: 4].", min=1, max=1000, metavar="N"
        ),
    ] = None,
    seed: SeedOption = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Write one training step on the board: inputs, products, sums, activations, loss, gradients, update, in numbers.

    The net is trained up to the step as `dllab train` does with the same seed, and no run is kept. Small nets are shown
    whole; of larger ones one unit of each layer, and of long sums the largest terms. All numbers are those the engine
    computed with, and every equation is worked out again from what it shows.
    """
    from dllab.cli import saving

    saving.check(save)
    from dllab.lab.explain import explain as explained
    from dllab.lab.explain_asked import Asked
    from dllab.recipe import load
    from dllab.views.explain import document, explain_view

    meant = Meant.by(recipe, changes, settings, seed=seed, trust=trust)
    _no_run(recipe)
    asked = Asked(row, layer, unit)
    found = explained(_moment(load(recipe, meant.given, trust=trust), step, seed, trust, asked), asked, terms)
    words = meant.words
    options = spelled(step=step if step > 1 else None, input=row, layer=layer, unit=unit, terms=terms)
    saving.show(
        explain_view(found, shlex.join(words)), lambda: document(found), json=json, path=save,
        words=["explain", *words, *options],
    )  # fmt: skip


def _no_run(target: str) -> None:
    """Refuse a run: what a step of it computed is not kept."""
    from dllab.cli.subject import is_run
    from dllab.runs.find import find_run

    if is_run(target, None):
        raise Refused(
            f"{target}: that is a run, and the batches of its training are not kept",
            f"the steps of its recipe are the same: dllab explain {find_run(target, None) / 'recipe.yaml'}",
        )


def _moment(recipe: Recipe, step: int, seed: int | None, trust: bool, asked: Asked) -> Moment:
    from dllab.cli.subject import following
    from dllab.lab.explain_step import Moment

    with following() as listen:
        return Moment(recipe, step, seed=seed, on_event=listen, trust=trust, check=asked.check)
