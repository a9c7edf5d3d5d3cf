"""`dllab runs list`: the runs that were kept, filtered, sorted, or as means over seeds."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from dllab.cli.options import Json, RunDir
from dllab.cli.runs import LARGEST_LIMIT, Mean, Sort, Where, elsewhere, opened

if TYPE_CHECKING:
    from dllab.lab.run_lists import Listing

SHOWN = 20


def list_runs(
    only: Annotated[
        list[str] | None, typer.Argument(help="Only these; of a sweep its members.", metavar="RUN|SWEEP")
    ] = None,
    where: Where = None,
    sort: Sort = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", help="So many lines; 0: all [default: 20, with --json all].", min=0,
                     max=LARGEST_LIMIT, metavar="N"),
    ] = None,
    mean: Mean = False,
    as_json: Json = False,
    run_dir: RunDir = None,
) -> None:  # fmt: skip
    """List the runs that were kept, the newest first, with the settings they differ in.

    A condition is KEY, one of = != < <= > >=, and a value: a figure ('test_accuracy>90%'), a setting (optimizer.lr=0.1,
    or lr=0.1 where that is clear, 'optimizer=adam,sgd'), or one of recipe, run, sweep, member, status, seed, steps,
    epochs, seconds, error, began ('began>=2026-11-25', began=today) and age ('age<2h'). * stands for anything, `none` for
    what is not there. Quote a condition that has < > * in it.

    A sweep is one line, unless it is named, or its members are asked for by a condition, an order or --mean.
    """
    from dllab.cli.console import output
    from dllab.lab.run_lists import find
    from dllab.views.run_lists import RunList, document

    most = (None if as_json else SHOWN) if limit is None else limit or None
    members = bool(only or where or sort or mean)
    with opened(run_dir) as (index, progress):
        listing = find(index, where=where or (), sort=sort, limit=most, only=only or (), members=members, mean=mean,
                       progress=progress)  # fmt: skip
        root = index.root
    if as_json:
        output().document(document(listing))
    elif not (listing.total or listing.sweeps or members):
        output().sentence(f"there is no run in {root}: `dllab train RECIPE` makes one")
    else:
        first = named([*([sort.removeprefix("-")] if sort else []), *(where or ())])
        output().show(RunList(listing, first, next_steps(listing, run_dir), "--limit 0 shows all"))


def named(conditions: Sequence[str]) -> list[str]:
    """The keys in conditions."""
    return [re.split(r"[=!<>\s]", text.strip())[0] for text in conditions]


def next_steps(listing: Listing, run_dir: str | None) -> list[tuple[str, str]]:
    """Commands that go on from a list."""
    tail, found = elsewhere(run_dir), []
    if listing.sweeps:
        found.append((["list", listing.sweeps[0].run], "the members of a sweep"))
    if listing.lines and not listing.mean:
        found.append((["show", listing.lines[0].name], "all about it"))
    if len(listing.lines) > 1 and not listing.mean:
        found.append((["compare", listing.lines[0].name, listing.lines[1].name], "in what they differ"))
    return [(shlex.join(["dllab", "runs", *words, *tail]), what) for words, what in found]
