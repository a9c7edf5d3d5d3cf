"""Which example of its data a net is shown: `--split NAME`, `--input I`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.failures import Refused

if TYPE_CHECKING:
    from dllab.lab.subject import Subject

InputIndex = Annotated[
    int, typer.Option("--input", help="Which example of the split, from 0.", min=0, show_default=True, metavar="I")
]
Layer = Annotated[
    str | None,
    typer.Option(
        "--layer", help="One layer by its path, as `dllab summary` has it, or those of a kind.", metavar="PATH|KIND"
    ),
]


def split_of(subject: Subject, split: str | None) -> str:
    """The name of the split that examples come from. Raises Refused where there is none of that name."""
    there = list(subject.splits)
    if split is not None and split not in there:
        raise Refused(f"--split {split}: there is no such split here", f"there are: {', '.join(there)}")
    return split or there[0]


def example(subject: Subject, split: str, index: int) -> int:
    """The row of the data that is example `index` of a split. Raises Refused where there are fewer."""
    rows = subject.rows(split)
    if index >= len(rows):
        raise Refused(
            f"--input {index}: the {split} split has {len(rows):,} examples", f"they are numbered from 0 to {len(rows) - 1}"
        )
    return int(rows[index])
