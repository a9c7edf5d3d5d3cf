"""`dllab runs export`: runs as a table for other programs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dllab.cli.failures import Refused
from dllab.cli.options import Json, RunDir
from dllab.cli.runs import LARGEST_LIMIT, Mean, Sort, Where, opened

ENDINGS = (".csv", ".json")


def export_runs(
    file: Annotated[
        str, typer.Argument(help="Where to: a .csv or a .json file; - is standard output.", metavar="FILE")
    ] = "-",
    where: Where = None,
    sort: Sort = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", help="So many lines; 0: all.", min=0, max=LARGEST_LIMIT, metavar="N")
    ] = 0,
    mean: Mean = False,
    as_json: Json = False,
    run_dir: RunDir = None,
) -> None:
    """Write all runs and all members of sweeps, or those that meet conditions, as CSV or JSON.

    The table has a line for each, with all figures and every setting in which runs of one recipe differ. Conditions and
    order are those of `dllab runs list`. Without FILE the table goes to standard output, with --json the JSON document.
    """
    from pathlib import Path

    from dllab.cli.console import messages, output
    from dllab.lab.run_lists import find
    from dllab.recipe.place import visible
    from dllab.runs.disk import replace_file
    from dllab.views.run_lists import document
    from dllab.views.text import count

    if file != "-" and not file.lower().endswith(ENDINGS):
        raise Refused(f"{visible(file)}: endings are .csv and .json", "such as runs.csv, or - for standard output")
    with opened(run_dir) as (index, progress):
        listing = find(index, where=where or (), sort=sort, limit=limit or None, mean=mean, progress=progress)
    if file == "-" and as_json:
        output().document(document(listing))
    elif file == "-":
        print(_csv(listing), end="")
    else:
        import json

        text = json.dumps(document(listing)) + "\n" if file.lower().endswith(".json") else _csv(listing)
        replace_file(Path(file), text.encode())
        messages().sentence(f"{count(len(listing.lines), 'line')} written to {visible(file)}")


def _csv(listing: Any) -> str:
    import csv
    import io

    from dllab.views.run_lists import rows

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows(listing))
    return text.getvalue()
