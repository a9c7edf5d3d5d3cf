"""`dllab eval`: figures of a run's net, on its own data or on others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dllab.cli.failures import Refused, say
from dllab.cli.options import Json, RunDir, RunName, Trust

if TYPE_CHECKING:
    from dllab.runs.opened import Opened

Weights = Annotated[
    str, typer.Option("--weights", help="last, or best (train.checkpoint.best).", metavar="WHICH")
]  # fmt: skip


def eval(
    run: RunName,
    data: Annotated[
        str | None,
        typer.Argument(
            help="A CSV or .npz file of rows with targets, a text, or a folder of pictures; - is standard input.",
            metavar="DATA",
        ),
    ] = None,
    weights: Weights = "last",
    as_json: Json = False,
    run_dir: RunDir = None,
    trust: Trust = False,
) -> None:
    """Show the figures of a run's net.

    Without DATA they are those of every split of the run's own data. With DATA the net is tried on the rows of another
    table, whose columns may stand in any order and must have the names the net has learnt from. A net that has learnt from
    pictures takes a folder that has a sub-folder for each class, too; one that reads texts a CSV file with the columns text
    and target, or, if it foretells the next letter, a text a line; one that has learnt from a long text cuts a text into
    rows as in training.
    """
    from dllab.cli.console import output
    from dllab.views.evaluation import Evaluation, document

    opened = open_run(run, run_dir, weights, trust)
    if data is None:
        figures, rows, same = opened.figures()
        if not same:
            say("the data are not what they were when this net was trained")
    else:
        inputs, targets, beside = _judged_rows(opened, data)
        figures, rows = {"data": opened.figures_of(inputs, targets, **beside)}, {"data": len(inputs)}
    if as_json:
        output().document(document(opened, figures, rows))
    else:
        output().show(Evaluation(opened, figures, rows))


def open_run(run: str, run_dir: str | None, weights: str, trust: bool) -> Opened:
    """A run's net. Raises StoreError, and Refused for weights that no run has."""
    from dllab.runs.opened import FILES, Opened

    if weights not in FILES:
        raise Refused(f"--weights {weights}: a run has no such weights", f"write one of: {', '.join(FILES)}")
    opened = Opened(run, run_dir, weights, trust)
    for file in opened.edited():
        say(f"{file} is not what it was when this net was trained")
    return opened


def _judged_rows(opened: Opened, path: str) -> tuple[Any, Any, dict[str, Any]]:
    """Raw inputs, targets, and the further columns, of a file of any kind that the net reads. Raises Refused."""
    from dllab.data.table import TableError
    from dllab.data.text_lines import read_texts
    from dllab.lab import forecast, text_rows, texts

    try:
        if text_rows.cuts(opened, path):
            return *text_rows.rows_of_text(opened, path), {}
        if opened.learnt.vocabulary:
            lines = read_texts(path, wanted=not opened.learnt.foretells)
            rows = texts.rows_of_texts(opened, lines)
            return rows.inputs, *texts.wanted_of(opened, rows)
        if forecast.reads_series(opened):
            return *forecast.windows_of(forecast.series_of(opened, path)), {}
    except TableError as error:
        raise Refused(error.problem, error.hint) from None
    except ValueError as error:  # a series whose windows all hold a gap
        problem, _, hint = str(error).partition("; ")
        raise Refused(problem, hint) from None
    if opened.learnt.label_steps:
        raise Refused(f"{path}: this net has an answer at every step, and a table has one for each row",
                      "`dllab eval` without DATA judges it by its own data")  # fmt: skip
    return *rows_of(opened, path, wanted=not opened.gives_back)[:2], {}


def rows_of(opened: Opened, path: str, *, wanted: bool) -> tuple[Any, Any, Any]:
    """Raw inputs, targets if they are `wanted`, and the lines they stand on. Raises Refused where they do not fit the net.

    Rows of arrays (.npz) are counted from 1; pictures have the names of their files instead.
    """
    from dllab.data.table import TableError, read_table

    try:
        if (found := _pictures(opened, path, wanted)) is not None:
            return found
        encoding = opened.encoding()
        if path.endswith(".npz"):
            from dllab.data import npz

            inputs, targets = npz.rows_of(path, opened.learnt.input_shape, opened.learnt.classes, wanted=wanted)
            return inputs, targets, range(1, len(inputs) + 1)
        words = [feature.column for feature in encoding.features if feature.kind != "number"]
        table = read_table(path, categories=[*words, *([encoding.target] if encoding.classes else [])])
        return encoding.encode(table), encoding.encode_targets(table) if wanted else None, table.lines.tolist()
    except TableError as error:
        raise Refused(error.problem, error.hint) from None


def _pictures(opened: Opened, path: str, wanted: bool) -> tuple[Any, Any, list[str]] | None:
    """The same for a picture or a folder of pictures, made as those in training were; None for other paths."""
    from dllab.data import folder
    from dllab.data.images import picture_shape

    if not folder.is_pictures(path):
        return None
    shape = picture_shape(opened.learnt.features)
    if shape is None:
        raise Refused(f"{path}: this net has not learnt from pictures", "give it a file like the one it has learnt from")
    source = opened.recipe.data
    if opened.learnt.scale is None or (getattr(source, "name", "") == "npz" and getattr(source, "standardise", False)):
        raise Refused(f"{path}: this net has learnt from arrays, whose numbers may be of any scale", "give it an .npz file")
    images, labels, names = folder.rows_of(path, shape, opened.learnt.classes, wanted=wanted)
    full_scale = getattr(source, "full_scale", folder.FULL_SCALE)
    return (images if full_scale == folder.FULL_SCALE else images * (full_scale / folder.FULL_SCALE)), labels, names
