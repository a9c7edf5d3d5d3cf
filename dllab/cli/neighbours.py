"""`dllab neighbours`: which words a net takes for alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.eval import Weights, open_run
from dllab.cli.failures import Refused
from dllab.cli.options import Json, RunDir, Trust

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dllab.lab.neighbours import Table

SAMPLE = "glove10k"
MOST = 10_000
FEW = 20
"""Words that are listed where another one was asked for."""


def neighbours(
    run: Annotated[
        str,
        typer.Argument(
            help="Folder of a run, its name in the folder of runs, or `last`; or glove10k, vectors that come with the lab.",
            metavar="RUN",
        ),
    ],
    words: Annotated[
        list[str] | None, typer.Argument(help="Words, or sums of words such as king - man + woman.", metavar="WORD")
    ] = None,
    count: Annotated[int, typer.Option("--count", help="How many to show.", min=1, max=MOST, metavar="N")] = 10,
    against: Annotated[
        str | None,
        typer.Option("--against", help="Compare all neighbours with those of glove10k, or of another run.", metavar="RUN"),
    ] = None,
    weights: Weights = "last",
    as_json: Json = False,
    run_dir: RunDir = None,
    trust: Trust = False,
) -> None:
    """Show the words whose vectors are nearest to that of a word, by the cosine of the angle between them.

    The vectors are those of the net's first layer embedding, skip_gram, cbow or glove. In a sum of words each counts with
    length 1, and its own words are left out of the answer. Without WORD the table itself is described: of numbers 0, 1, 2,
    ... it is told whether they lie on circles.
    """
    from dllab.cli.console import output
    from dllab.lab import neighbours as lab
    from dllab.views.neighbours import Found, Neighbours, document

    table = _table(run, run_dir, weights, trust)
    asked = lab.questions(words or (), set(table.words))
    try:
        answers = lab.answers(table, asked, count)
    except lab.UnknownWord as error:
        raise unknown(error.word, table.source, table.words) from None
    except lab.NoDirection as error:
        hint = "ask for words that do not cancel out, such as king - man + woman"
        raise Refused(f"{error.question} is a vector of zeros, to which no word is nearer than another", hint) from None
    overlap, other = None, ""
    if against is not None:
        second = _table(against, run_dir, "last", trust)
        other = second.source
        try:
            overlap = lab.against(table, second)
        except ValueError as error:
            raise Refused(f"--against {against}: {error}", "compare nets that have learnt from the same language") from None
    found = Found(table, answers, other, overlap, None if answers else lab.circles(table))
    if as_json:
        output().document(document(found))
    else:
        output().show(Neighbours(found))


def _table(run: str, run_dir: str | None, weights: str, trust: bool) -> Table:
    """The vectors of a run, or those that come with the lab."""
    from dllab.lab import neighbours as lab
    from dllab.runs.disk import StoreError
    from dllab.runs.find import find_run

    if run == SAMPLE:
        try:
            find_run(run, run_dir)  # a run of that name comes first
        except StoreError:
            return sample()
    opened = open_run(run, run_dir, weights, trust)
    try:
        return lab.table_of(opened)
    except lab.NoVectors as error:
        hint = "such nets begin with a layer embedding, skip_gram, cbow or glove, and learn from words or other ids"
        raise Refused(str(error), hint) from None


def sample() -> Table:
    """The vectors that come with the lab."""
    from dllab.lab import neighbours as lab

    try:
        return lab.sample()
    except ValueError as error:
        raise Refused(str(error)) from None


def unknown(word: str, source: str, words: Sequence[str]) -> Refused:
    """The refusal of a word that is not among those of a net."""
    from dllab.recipe.errors import did_you_mean, show

    meant = did_you_mean(word, words)
    if word in ("+", "-"):
        return Refused(f"a {word} stands between two words", "such as king - man + woman")
    hint = "" if meant or len(words) > FEW else f"its words are {', '.join(words)}"
    return Refused(f"{source} has no word {show(word)}.{meant}", hint)
