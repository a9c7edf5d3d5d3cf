"""`dllab runs`: the runs that were kept. Each of its commands has a file of its own, runs_list.py and so on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.failures import Refused, say

if TYPE_CHECKING:
    from dllab.runs.index import Index, Progress

Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where", "-w", metavar="CONDITION",
        help="Only those that meet it, such as 'test_accuracy>0.9', recipe=xor or 'age<2h'; may be repeated.",
    ),
]  # fmt: skip
Sort = Annotated[
    str | None, typer.Option("--sort", metavar="KEY", help="Sort by a figure, a setting or a field; -KEY: largest first.")
]
Mean = Annotated[bool, typer.Option("--mean", help="Runs that differ in seed alone as one line: mean and spread.")]
RunOrMember = Annotated[
    str,
    typer.Argument(help="Folder of a run, its name in the folder of runs, or `last`; a member of a sweep is SWEEP:17.",
                   metavar="RUN"),
]  # fmt: skip
LARGEST_LIMIT = 1_000_000
MANY = 50
"""Folders that it takes longer to read than a moment."""


def runs() -> None:
    """List, filter and compare the runs that were kept, and those of sweeps.

    Runs lie in folders; an index beside them, index.sqlite, makes the search fast. It notices by itself what is new, and
    may be deleted at any time. Without a command the runs are listed.
    """


@contextmanager
def opened(run_dir: str | None) -> Iterator[tuple[Index, Progress]]:
    """The index of a folder of runs, and what shows how far reading goes. Turns a bad query into Refused."""
    from dllab.runs.index import Index
    from dllab.runs.query import BadQuery
    from dllab.runs.store import root_of

    root = root_of(run_dir)
    if run_dir is not None and not root.is_dir():
        raise Refused(f"--run-dir {run_dir}: there is no such folder", "name the folder that runs were kept in")
    try:
        with Index(root, say) as index, _bar() as bar:
            yield index, bar
    except BadQuery as error:
        raise Refused(error.problem, error.hint) from None


@contextmanager
def _bar() -> Iterator[Progress]:
    """Shows how far the reading of many folders is; a few are read before anybody could look."""
    from dllab.cli.console import progress

    with ExitStack() as stack:
        advance: list[Callable[[float, int, str], None]] = []

        def told(done: int, total: int) -> None:
            if total >= MANY:
                if not advance:
                    advance.append(stack.enter_context(progress("reading runs")))
                advance[0](done, total, "")

        yield told


def elsewhere(run_dir: str | None) -> list[str]:
    """The words of the next command line that name the folder of runs."""
    return [] if run_dir is None else ["--run-dir", run_dir]
