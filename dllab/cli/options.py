"""Arguments and options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

LARGEST_SEED = 2**63 - 1

RecipeName = Annotated[
    str, typer.Argument(help="Name of a recipe that comes with the lab, or the path of one.", metavar="RECIPE")
]
Changes = Annotated[
    list[str] | None,
    typer.Argument(help="Changes, such as optimizer.lr=0.1 or model[0].dense.units=64.", metavar="KEY=VALUE"),
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", "-s", help="A change, as above; may be repeated.", metavar="KEY=VALUE")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress: only the result.")]
SeedOption = Annotated[
    int | None,
    typer.Option("--seed", help="Seed of the run, instead of the recipe's.", min=0, max=LARGEST_SEED, metavar="N"),
]
RunDir = Annotated[
    str | None,
    typer.Option("--run-dir", help="The folder of runs [default: $DLLAB_RUNS, or ./runs].", metavar="FOLDER"),
]
RunName = Annotated[str, typer.Argument(help="Folder of a run, its name in the folder of runs, or `last`.", metavar="RUN")]
Trust = Annotated[
    bool, typer.Option("--trust", help="Run the Python files that the recipe uses; read them first.", show_default=False)
]
