"""`dllab viz-embeddings`: vectors of words in a plane."""

from __future__ import annotations

import re
import shlex
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Json, RunDir, SeedOption, Settings, Trust
from dllab.cli.saving import Save
from dllab.cli.subject import Before, Layer, Meant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dllab.data.dataset import Prepared
    from dllab.lab.embeddings import Vectors
    from dllab.plan.plan import Plan

VIEW = "viz-embeddings"
MOST = 40
"""Words that are drawn if nobody says how many."""
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
    most: Annotated[
        int | None,
        typer.Option("--words", help="How many words to draw [default: 40].", min=3, max=500, metavar="N"),
    ] = None,
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
    from dllab.cli.subject import spelled
    from dllab.lab.embeddings import plane
    from dllab.views import embeddings as views

    asked = [word for word in words or () if not CHANGE.fullmatch(word)]
    changes = [word for word in words or () if CHANGE.fullmatch(word)]
    meant = Meant.by(net, changes, settings, seed=seed, run_dir=run_dir, trust=trust, before=before)
    found = plane(_vectors(meant, layer, asked, most), asked, most or MOST)
    kept = spelled(layer=layer, words=most, before=before)
    view = views.embeddings_view(found, shlex.join(meant.words), shlex.join(asked), shlex.join(kept))
    line = [VIEW, *meant.words, *asked, *kept]
    saving.show(view, partial(views.document, found), json=json, path=save, words=line)


def _vectors(meant: Meant, layer: str | None, asked: Sequence[str], most: int | None) -> Vectors:
    """The vectors of a recipe's or a run's net, or those that come with the lab; with all words that are asked for."""
    from dllab.cli.neighbours import SAMPLE, sample
    from dllab.cli.subject import is_run, subject
    from dllab.lab.embeddings import Vectors, table_in, vectors_of

    if meant.target == SAMPLE and not is_run(SAMPLE, meant.run_dir):
        if meant.given or meant.before or layer is not None or meant.seed is not None:
            raise Refused("glove10k is a table of vectors, not a net", "it takes words, and how many: --words N")
        found = Vectors(sample())
        _check(SAMPLE, found.table.words, asked, most)
        return found

    def fits(plan: Plan, data: Prepared) -> None:
        _check(meant.target, table_in(plan, data, layer)[1], asked, most)

    return vectors_of(subject(meant, VIEW, fits=fits), layer)


def _check(source: str, words: Sequence[str], asked: Sequence[str], most: int | None) -> None:
    """Refuse words that are not there, and a number of them where all are drawn."""
    from dllab.cli.neighbours import unknown
    from dllab.lab.neighbours import numbers_in

    for word in asked:
        if word not in words:
            raise unknown(word, source, words)
    if most is not None and not asked and (numbers := numbers_in(words)):
        raise Refused(f"--words {most}: these words are the numbers 0 to {len(numbers) - 1}, which are drawn together",
                      "leave it out, or name some of them, which are drawn with those near them")  # fmt: skip
