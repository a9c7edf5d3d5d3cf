"""`dllab viz-embeddings`: vectors of words in a plane."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.example import Layer
from dllab.cli.failures import Refused
from dllab.cli.options import Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dllab.lab.embeddings import Vectors

CHANGE = re.compile(r"[A-Za-z_][\w.\[\]-]*=.*", re.DOTALL)


def viz_embeddings(
    net: Annotated[
        str,
        typer.Argument(
            help="A recipe, which is trained first (no run is kept), or a run, or `last`; or glove10k, vectors that come "
            "with the lab.",
            metavar="RECIPE|RUN",
        ),
    ],
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Words to draw with their neighbours; or changes, KEY=VALUE.", metavar="WORD"),
    ] = None,
    settings: Settings = None,
    layer: Layer = None,
    most: Annotated[int, typer.Option("--words", help="How many words to draw.", min=3, max=500, metavar="N")] = 40,
    before: Before = False,
    seed: SeedOption = None,
    run_dir: RunDir = None,
    save: Save = None,
    json: Json = False,
    trust: Trust = False,
) -> None:
    """Draw the vectors of words in the plane in which they differ most, and list the nearest words of a few.

    Without WORD the most frequent ones are drawn. Where the words are numbers 0, 1, 2, ... that have come to lie on
    circles, the strongest one is drawn. The vectors are those of a layer embedding, skip_gram, cbow or glove.
    """
    from dllab.cli import saving

    saving.check(save)
    from dllab.cli.console import output
    from dllab.cli.subject import named
    from dllab.lab.embeddings import plane
    from dllab.lab.neighbours import UnknownWord
    from dllab.views import embeddings as views

    given = [*(word for word in words or () if CHANGE.fullmatch(word)), *(settings or ())]
    asked = [word for word in words or () if not CHANGE.fullmatch(word)]
    vectors = _vectors(net, given, layer, before, seed, run_dir, trust)
    try:
        found = plane(vectors, asked, most)
    except UnknownWord as error:
        from dllab.cli.neighbours import unknown

        raise unknown(error.word, vectors.table) from None
    line = named(net, given, seed=seed, trust=trust, run_dir=run_dir)
    view = views.embeddings_view(found, shlex.join(line))
    if json:
        output().document(views.document(found))
    else:
        output().show(view)
    saving.save(view, save, shlex.join(["dllab", "viz-embeddings", *line, *asked]))


def _vectors(
    net: str, given: Sequence[str], layer: str | None, before: bool, seed: int | None, run_dir: str | None, trust: bool
) -> Vectors:
    """The vectors of a recipe's or a run's net, or those that come with the lab."""
    from dllab.cli.neighbours import SAMPLE, sample
    from dllab.cli.subject import is_run, subject
    from dllab.lab.chosen import exists
    from dllab.lab.embeddings import Vectors, vectors_of
    from dllab.lab.suits import TABLES, Unsuited

    if net == SAMPLE and not is_run(net, run_dir):
        if given or before or layer is not None or seed is not None:
            raise Refused("glove10k is a table of vectors, not a net", "it takes words, and how many: --words N")
        return Vectors(sample())
    seen = subject(
        net, given, view="viz-embeddings", seed=seed, run_dir=run_dir, trust=trust, before=before,
        fits=exists(layer, TABLES),
    )  # fmt: skip
    try:
        return vectors_of(seen, layer)
    except Unsuited as error:
        raise Refused(error.problem, error.hint) from None
