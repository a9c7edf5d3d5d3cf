"""The best runs that were kept, of every recipe or of one, by a figure."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from dllab.lab.run_lists import COUNTED, Line, lines_of, total_of
from dllab.runs.index import Index, Progress
from dllab.runs.query import BadQuery, Keys, Term, conditions, order

ENDED = Term(f"e.status IN {COUNTED}")


@dataclass(frozen=True)
class Best:
    """The best run of a recipe by a figure, of `among` that came to their end and have it; `lines` are the next ones."""

    recipe: str
    metric: str
    among: int
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class BestRuns:
    """The best runs, recipe by recipe. `nothing`: where there is none, why."""

    found: tuple[Best, ...]
    nothing: str | None = None


def best(index: Index, *, metric: str | None, recipe: str | None, where: Sequence[str] = (), limit: int = 1,
         higher: Callable[[str], bool], progress: Progress | None = None) -> BestRuns:  # fmt: skip
    """The best runs of every recipe, or of one. `higher`: whether more of a figure is better. Raises BadQuery."""

    def question(connection: sqlite3.Connection) -> BestRuns:
        keys = Keys(connection)
        asked = conditions(where, keys)
        wanted = [*(one for _, one in asked), ENDED]
        if metric is not None and metric not in keys.figures():
            close = get_close_matches(metric, keys.figures(), n=1)
            raise BadQuery(f"--metric {metric}: there is no such figure" + (f"; did you mean {close[0]}?" if close else ""),
                           f"there are {', '.join(keys.figures()) or 'none yet'}")  # fmt: skip
        found = []
        for name in _recipes(connection, recipe):
            own = [*wanted, Term("e.recipe = ?", (name,))]
            chosen = metric or _usual(connection, own)
            if chosen is not None and (one := _best(connection, own, name, chosen, higher(chosen), limit, keys)):
                found.append(one)
        return BestRuns(tuple(found), None if found else _nothing(connection, asked, metric, recipe))

    answer: BestRuns = index.ask(question, progress)
    return answer


def _nothing(connection: sqlite3.Connection, asked: Sequence[tuple[str, Term]], metric: str | None,
             recipe: str | None) -> str:  # fmt: skip
    """Why there is no best run: none has ended, a condition that none of those meets, or none has the figure."""
    ended = [ENDED] if recipe is None else [ENDED, Term("e.recipe = ?", (recipe,))]
    whose = "" if recipe is None else f" of {recipe}"
    if not total_of(connection, ended):
        return f"no run{whose} has come to its end yet"
    for text, one in asked:
        if not total_of(connection, [*ended, one]):
            return f"no run{whose} that came to its end meets {text}"
    if total_of(connection, [*ended, *(one for _, one in asked)]):
        return f"no run{whose} that came to its end has {metric or 'a figure'}"
    return f"no run{whose} that came to its end meets all conditions"


def _recipes(connection: sqlite3.Connection, recipe: str | None) -> list[str]:
    known = [
        name for (name,) in connection.execute("SELECT DISTINCT recipe FROM entries WHERE recipe != '' ORDER BY recipe")
    ]
    if recipe is None:
        return known
    if recipe not in known:
        close = get_close_matches(recipe, known, n=1)
        raise BadQuery(f"--recipe {recipe}: no run of it is kept" + (f"; did you mean {close[0]}?" if close else ""),
                       f"there are runs of {', '.join(known)}" if known else f"such as `dllab train {recipe}`")  # fmt: skip
    return [recipe]


def _usual(connection: sqlite3.Connection, wanted: Sequence[Term]) -> str | None:
    """What a recipe's runs are usually judged by: a metric of the validation split, else of the test split, else a loss."""
    keys = Keys(connection)
    lines = lines_of(connection, wanted, order(None, keys), 1)
    names = [name for name in lines[0].figures if name in keys.figures()] if lines else []
    for ending in (False, True):
        for split in ("validation", "test", "train"):
            for name in names:
                if name.startswith(f"{split}_") and name.endswith("_loss") is ending and split != "train":
                    return name
    return next((name for name in names if not name.endswith("_loss")), names[0] if names else None)


def _best(connection: sqlite3.Connection, wanted: Sequence[Term], recipe: str, metric: str, higher: bool, limit: int,
          keys: Keys) -> Best | None:  # fmt: skip
    """Ties are broken by the loss of the same split."""
    value = keys.term(metric, "--metric")
    wanted = [*wanted, Term(f"{value.sql} IS NOT NULL", value.values)]
    loss = metric.partition("_")[0] + "_loss"
    second = Term("json_extract(e.figures, ?)", (f'$."{loss}"',))
    by = Term(f"{value.sql} {'DESC' if higher else 'ASC'}, {second.sql} ASC, e.at DESC, e.folder DESC, e.member",
              (*value.values, *second.values))  # fmt: skip
    lines = lines_of(connection, wanted, by, limit)
    return Best(recipe, metric, total_of(connection, wanted), tuple(lines)) if lines else None
