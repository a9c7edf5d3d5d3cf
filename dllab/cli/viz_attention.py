"""`dllab viz-attention`: where each head of attention looks, for one example."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.example import InputIndex, Layer, example, split_of
from dllab.cli.failures import Refused
from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, RecipeOrRun, SplitName

if TYPE_CHECKING:
    from dllab.lab.attention import Attention
    from dllab.lab.subject import Subject


def viz_attention(
    net: RecipeOrRun,
    changes: Changes = None,
    settings: Settings = None,
    layer: Layer = None,
    head: Annotated[int | None, typer.Option("--head", help="One head alone, from 1.", min=1, metavar="H")] = None,
    index: InputIndex = 0,
    text: Annotated[str | None, typer.Option("--text", help="A text in place of an example.", metavar="TEXT")] = None,
    steps: Annotated[
        str | None, typer.Option("--steps", help="Draw these steps of long sequences, such as 1-32.", metavar="A-B")
    ] = None,
    split: SplitName = None,
    before: Before = False,
    seed: SeedOption = None,
    run_dir: RunDir = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Draw where each head of attention looks: its shares for one example as a heat map, the tokens at the edges.

    Rows are the steps that ask, columns those that are looked at; with a decoder, rows are what it says and columns what it
    has read. A table tells how far back each head looks, at how many steps at once, and whether it has a favourite place.
    """
    from dllab.cli import saving

    saving.check(save)
    from dllab.cli.console import output
    from dllab.cli.subject import named, subject
    from dllab.data.table_text import TableError
    from dllab.lab.attention import KIND, look
    from dllab.lab.chosen import exists
    from dllab.views import attention as views

    window = _steps(steps)
    if text == "":
        raise Refused("--text: an empty text, in which there is nothing to look at", "such as --text hello")
    given = [*(changes or ()), *(settings or ())]
    found = subject(
        net, given, view="viz-attention", seed=seed, run_dir=run_dir, trust=trust, before=before,
        fits=exists(layer, (KIND,)),
    )  # fmt: skip
    name, row = _example(found, split, index, text)
    try:
        seen = look(found, name, row, text, layer)
    except TableError as error:
        raise Refused(error.problem, error.hint) from None
    _check_head(seen, head)
    words = named(net, given, seed=seed, trust=trust, run_dir=run_dir)
    view = views.attention_view(seen, shlex.join(words), window, head, layer is not None)
    if json:
        output().document(views.document(seen))
    else:
        output().show(view)
    saving.save(view, save, f"dllab viz-attention {shlex.join(words)}")


def _steps(text: str | None) -> tuple[int, int] | None:
    """`5-20` as numbers. Raises Refused."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,6})-(\d{1,6})", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise Refused(f"--steps {text}: expected two steps, the first from 1 on", "such as --steps 1-32")
    return int(found[1]), int(found[2])


def _example(found: Subject, split: str | None, index: int, text: str | None) -> tuple[str, int]:
    """The split and the row that are looked at; of no meaning with a text."""
    name = split_of(found, split)
    if text is None:
        return name, example(found, name, index)
    if not found.data.dataset.vocabulary:
        raise Refused("--text: this net reads numbers, not texts", "choose an example of its data: --input 5")
    return name, 0


def _check_head(found: Attention, head: int | None) -> None:
    most = max(len(layer.heads) for layer in found.layers)
    if head is not None and head > most:
        if most == 1:
            raise Refused(f"--head {head}: there is one head", "leave it out")
        raise Refused(f"--head {head}: there are {most} heads in a layer", f"name one from 1 to {most}, or leave it out")
