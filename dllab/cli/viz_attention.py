"""`dllab viz-attention`: where each head of attention looks, for one example."""

from __future__ import annotations

import re
import shlex
from functools import partial
from typing import Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Changes, Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, InputIndex, Layer, RecipeOrRun, SplitName

VIEW = "viz-attention"


def viz_attention(
    net: RecipeOrRun,
    changes: Changes = None,
    settings: Settings = None,
    layer: Layer = None,
    head: Annotated[int | None, typer.Option("--head", help="One head alone, from 1.", min=1, metavar="H")] = None,
    index: InputIndex = None,
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
    has read. The example is the first of the split, or that of --input. A table tells how far back each head looks, at how
    many steps at once, and whether it has a favourite place.
    """
    from dllab.cli import saving

    saving.check(save)
    from dllab.cli.subject import Meant, spelled, subject
    from dllab.lab.attention import look
    from dllab.lab.attention_asked import Wanted
    from dllab.lab.examples import split_of
    from dllab.views import attention as views

    _check_text(text, index, split)
    asked = Wanted(layer, head, _steps(steps), split, index or 0, text)
    meant = Meant.by(net, changes, settings, seed=seed, run_dir=run_dir, trust=trust, before=before)
    found = subject(meant, VIEW, fits=asked.check)
    name = split_of(found.data, split)
    seen = look(found, name, asked.index, text, layer)
    kept = spelled(layer=layer, head=head, input=index, text=text, steps=steps, split=split, before=before)
    another = spelled(layer=layer, head=head, input=0 if index == 1 else 1, steps=steps, split=split, before=before)
    view = views.attention_view(
        seen, shlex.join(meant.words), asked.steps, head, layer is not None, shlex.join(kept), shlex.join(another)
    )
    document = partial(views.document, seen)
    saving.show(view, document, json=json, path=save, words=[VIEW, *meant.words, *kept])


def _check_text(text: str | None, index: int | None, split: str | None) -> None:
    """Refuse an empty text, and an example beside a text."""
    if text == "":
        raise Refused("--text: an empty text, in which there is nothing to look at", "such as --text hello")
    for option, is_given in {"--input": index is not None, "--split": split is not None}.items():
        if text is not None and is_given:
            raise Refused(f"{option}: --text stands in place of an example", "leave out one of the two")


def _steps(text: str | None) -> tuple[int, int] | None:
    """`5-20` as numbers. Raises Refused."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,6})-(\d{1,6})", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise Refused(f"--steps {text}: expected two steps, the first from 1 on", "such as --steps 1-32")
    return int(found[1]), int(found[2])
