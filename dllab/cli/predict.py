"""`dllab predict`: what a run's net says of new rows, or texts."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dllab.cli.eval import Weights, open_run, rows_of
from dllab.cli.failures import Refused
from dllab.cli.options import Json, RunDir, RunName, Trust

if TYPE_CHECKING:
    from dllab.lab.texts import Rows
    from dllab.runs.opened import Opened

MOST_BEAM = 1000
BEHIND = {"answer": "whose decoder has layers", "next": "with layers"}


def predict(
    run: RunName,
    file: Annotated[
        str,
        typer.Argument(
            help="A CSV or .npz file of rows, a picture, a folder of pictures, or texts, one a line; - is standard input.",
            metavar="FILE",
        ),
    ],
    weights: Weights = "last",
    probabilities: Annotated[bool, typer.Option("--probabilities", help="The probability of every class.")] = False,
    beam: Annotated[
        int,
        typer.Option(
            "--beam",
            help="Of a decoder: keep the N likeliest beginnings of an answer; 1 takes the likeliest word each time.",
            min=1,
            max=MOST_BEAM,
            metavar="N",
        ),
    ] = 1,
    as_json: Json = False,
    run_dir: RunDir = None,
    trust: Trust = False,
) -> None:
    """Ask a run's net about new rows: of a table, pictures, or texts.

    The answer is CSV on stdout, a line for each row: for classes the class and its probability, for numbers the value,
    in the units of the data. Columns may stand in any order; those the net has not learnt from are passed over. Pictures
    are made as large and as colourful as those the net has learnt from; their lines begin with the name of the file. Of a
    series, a CSV file with a row for each step, the answer is what comes behind its end.

    A net over letters or words takes a text a line, or a CSV file with a column `text`. Its answer is a class; the labels
    of all steps; the likeliest next letter, and how many bits the text costs a letter; the text with its `<mask>`
    filled in; or, of a decoder, what it says until it says the boundary. --beam N looks for the answer whose letters
    are likeliest in the mean of log p; with --probabilities all that it found are shown. An answer that was cut off at the
    longest that the net can give has ended: false.
    """
    from dllab.cli.console import output
    from dllab.lab.forecast import reads_series
    from dllab.recipe.place import visible

    opened = open_run(run, run_dir, weights, trust)
    if beam > 1 and not opened.decodes:
        raise Refused(f"--beam {beam}: this net has no decoder to search the answers of", "leave it out")
    if opened.reads_steps:
        told, rows = _said(opened, file, probabilities, beam)
    elif reads_series(opened):
        told, rows = _forecast(opened, file)
    else:
        told, rows = _rows(opened, file, probabilities)
    if as_json:
        output().document(told)
        return
    if sys.stdout.isatty():  # which is spared what would steer it
        rows = ([visible(cell) for cell in row] for row in rows)
    csv.writer(sys.stdout, lineterminator="\n").writerows(rows)


def _rows(opened: Opened, file: str, every: bool) -> tuple[dict[str, Any], Any]:
    """The document and the lines of CSV of ordinary rows."""
    from dllab.views.predictions import document, lines

    inputs, _, numbers = rows_of(opened, file, wanted=False)
    found, target = opened.predict(inputs), opened.encoding().target
    return document(found, target, numbers, every), lines(found, target, numbers, every)


def _forecast(opened: Opened, file: str) -> tuple[dict[str, Any], Any]:
    """The same of a series: the steps that come behind its end."""
    from dllab.data.table import TableError
    from dllab.lab.forecast import forecast, series_of
    from dllab.views.predictions import forecast_document, forecast_lines

    try:
        found = forecast(opened, series_of(opened, file))
    except TableError as error:
        raise Refused(error.problem, error.hint) from None
    return forecast_document(found), forecast_lines(found)


def _said(opened: Opened, file: str, every: bool, beam: int) -> tuple[dict[str, Any], Any]:
    """The same of texts, and of rows with an answer at every step."""
    from dllab.lab import texts
    from dllab.lab.ahead import LOOKING_BACK, looks_ahead
    from dllab.views import text_answers as views

    rows, kind = _texts(opened, file), texts.kind_of(opened)
    if kind in ("answer", "next") and looks_ahead(opened):
        told = "this net looks ahead: it was trained seeing the very answer, which is not there when it is asked"
        raise Refused(told, f"train one {BEHIND[kind]} that look back only: {LOOKING_BACK}")
    if kind in ("class", "value"):
        found, target = opened.predict(rows.inputs, **texts.beside(opened, rows)), opened.encoding().target
        document = views.predicted_document(found, target, rows, every)
        return document, views.predicted_lines(found, target, rows, every)
    said, classes = texts.answers(opened, rows, beam), opened.learnt.classes
    return views.said_document(kind, said, classes, every), views.said_lines(kind, said, classes, every)


def _texts(opened: Opened, file: str) -> Rows:
    """The texts of a file as a net reads them; of a net that reads numbers at every step, the rows of a table."""
    import numpy as np

    from dllab.data.table import TableError
    from dllab.data.text_lines import TextLine, read_texts
    from dllab.lab.texts import Rows, check_masks, kind_of, rows_of_texts

    if not opened.learnt.vocabulary:
        inputs, _, numbers = rows_of(opened, file, wanted=False)
        lengths = np.full(len(inputs), opened.learnt.input_shape[0], np.int32)
        return Rows(file, [TextLine(int(line), "") for line in numbers], inputs, lengths)
    if file.endswith(".npz"):
        raise Refused(f"{file}: this net reads texts", "give it a file with one text on each line")
    try:
        rows = rows_of_texts(opened, read_texts(file))
        if kind_of(opened) == "fill":
            check_masks(opened, rows)
        return rows
    except TableError as error:
        raise Refused(error.problem, error.hint) from None
