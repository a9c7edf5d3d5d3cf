"""`dllab predict`: what a run's net says of new rows."""

from __future__ import annotations

import csv
import sys
from typing import Annotated

import typer

from dllab.cli.eval import Weights, open_run, rows_of
from dllab.cli.options import Json, RunDir, RunName, Trust


def predict(
    run: RunName,
    file: Annotated[
        str,
        typer.Argument(
            help="A CSV or .npz file of rows, a picture, or a folder of pictures; - is standard input (CSV).",
            metavar="FILE",
        ),
    ],
    weights: Weights = "last",
    probabilities: Annotated[bool, typer.Option("--probabilities", help="The probability of every class.")] = False,
    as_json: Json = False,
    run_dir: RunDir = None,
    trust: Trust = False,
) -> None:
    """Ask a run's net about new rows: of a table, or pictures.

    The answer is CSV on stdout, a line for each row: for classes the class and its probability, for numbers the value,
    in the units of the data. Columns may stand in any order; those the net has not learnt from are passed over. Pictures
    are made as large and as colourful as those the net has learnt from; their lines begin with the name of the file.
    """
    from dllab.cli.console import output
    from dllab.views.predictions import document, lines

    opened = open_run(run, run_dir, weights, trust)
    inputs, _, numbers = rows_of(opened, file, wanted=False)
    found = opened.predict(inputs)
    target = opened.encoding().target
    if as_json:
        output().document(document(found, target, numbers, probabilities))
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows(lines(found, target, numbers, probabilities))
