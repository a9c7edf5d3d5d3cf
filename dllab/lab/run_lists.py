"""Lists of runs that were kept, and of members of sweeps: filtered, sorted, or as means over seeds."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, stdev
from typing import Any

from dllab.runs.entries import ALONE
from dllab.runs.index import Index, Progress
from dllab.runs.query import BadQuery, Keys, Term, conditions, order

COUNTED = ("finished", "stopped")
"""Runs whose figures are those of a net trained to its end."""
COLUMNS = "folder, member, recipe, seed, status, at, steps, epochs, seconds, error, settings, figures"


@dataclass(frozen=True)
class Line:
    """A run, a member of a sweep, or the mean of `count` of them that differ in seed, and that alone, with its `spread`.

    `spread`: sample standard deviation of each figure. `failed`: how many of them count in no figure. `settings` are
    those of the recipe but for the seed; of a mean `seed` is None and `run` the newest of them. `changed`: the settings
    that its sweep gives other values.
    """

    run: str
    member: int | None
    recipe: str
    seed: int | None
    status: str
    at: float
    steps: int | None
    epochs: int | None
    seconds: float | None
    error: str | None
    settings: Mapping[str, Any]
    figures: Mapping[str, float | None]
    count: int = 1
    failed: int = 0
    spread: Mapping[str, float] = field(default_factory=dict)
    changed: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What other commands take: `NAME`, or `SWEEP:17`."""
        return self.run if self.member is None else f"{self.run}:{self.member}"


@dataclass(frozen=True)
class SweepLine:
    """A sweep: how many of its members came to which end."""

    run: str
    recipe: str
    at: float
    members: int
    statuses: Mapping[str, int]


@dataclass(frozen=True)
class Listing:
    """What was found. `total`: before any limit. `differing`: settings in which lines of one recipe differ.

    `nothing`: where nothing was found, the first condition that met nothing at all.
    """

    lines: tuple[Line, ...]
    total: int
    sweeps: tuple[SweepLine, ...] = ()
    mean: bool = False
    nothing: str | None = None

    @property
    def figures(self) -> tuple[str, ...]:
        """The figures of all lines."""
        return tuple(dict.fromkeys(name for line in self.lines for name in line.figures))

    @property
    def differing(self) -> tuple[str, ...]:
        """Settings that lines of one recipe differ in, and those that a sweep is about."""
        groups: dict[str, list[Mapping[str, Any]]] = {}
        for line in self.lines:
            groups.setdefault(line.recipe, []).append(line.settings)
        found = dict.fromkeys(key for line in self.lines for key in line.changed)
        found.update(dict.fromkeys(key for settings in groups.values() for key in differing(settings)))
        return tuple(found)


def differing(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys whose values differ; options that only one of two parts has are told by the names of the parts."""
    keys = dict.fromkeys(key for one in settings for key in one)
    values = {key: {_same(one.get(key)) for one in settings if key in one} for key in keys}
    found = [key for key in keys if len(values[key]) > 1]
    named = tuple(f"{key}{mark}" for key in found for mark in ".[")
    return [
        key for key in keys
        if key in found or (any(key not in one for one in settings) and not (named and key.startswith(named)))
    ]  # fmt: skip


def find(index: Index, *, where: Sequence[str] = (), sort: str | None = None, limit: int | None = None,
         only: Sequence[str] = (), members: bool = True, mean: bool = False,
         progress: Progress | None = None) -> Listing:  # fmt: skip
    """The runs that meet all conditions. `only`: of these folders; `members`: those of sweeps, too. Raises BadQuery."""

    def question(connection: sqlite3.Connection) -> Listing:
        keys = Keys(connection)
        wanted = conditions(where, keys)
        everything = [one for _, one in wanted] + _folders(connection, only)
        if not members:
            everything.append(Term(f"e.member = {ALONE}"))
        sweeps = () if members else _sweeps(connection)
        if mean:
            ways = _ways(sort, keys)
            lines = sorted(means(lines_of(connection, everything, order(None, keys), None)), key=ways)
            total, lines = len(lines), lines[:limit]
        else:
            total = total_of(connection, everything)
            lines = lines_of(connection, everything, order(sort, keys), limit)
        nothing = None if total else next((text for text, one in wanted if not total_of(connection, [one])), None)
        return Listing(tuple(lines), total, sweeps, mean, nothing)

    found: Listing = index.ask(question, progress)
    return found


def means(lines: Sequence[Line]) -> list[Line]:
    """Lines that differ in seed alone as one: those of one recipe with the same settings, of one sweep or of none.

    `lines`: the newest first. Of several with one seed, which are no more than one, the newest counts that came to its end.
    """
    groups: dict[tuple[Any, ...], list[Line]] = {}
    for line in lines:
        sweep = None if line.member is None else line.run
        names = sorted(line.settings) if sweep is None else line.changed  # those of one sweep differ in nothing else
        own = tuple((name, _same(line.settings.get(name))) for name in names)
        groups.setdefault((line.recipe, sweep, own), []).append(line)
    return [_mean(_of_each_seed(group)) for group in groups.values()]


def _of_each_seed(lines: Sequence[Line]) -> list[Line]:
    """One line for each seed, in the order given; those that tell of no seed are all kept."""
    chosen: dict[Any, Line] = {}
    for number, line in enumerate(lines):
        key = ("none", number) if line.seed is None else line.seed
        if key not in chosen or (line.status in COUNTED and chosen[key].status not in COUNTED):
            chosen[key] = line
    kept = set(map(id, chosen.values()))
    return [line for line in lines if id(line) in kept]


def _mean(lines: Sequence[Line]) -> Line:
    counted = [line for line in lines if line.status in COUNTED]
    values: dict[str, list[float]] = {}
    for line in counted:
        for name, value in line.figures.items():
            values.setdefault(name, []).append(math.nan if value is None else value)
    statuses = {line.status for line in lines}
    times = [line.seconds for line in lines if line.seconds is not None]
    return replace(
        lines[0], seed=lines[0].seed if len(lines) == 1 else None, count=len(lines), failed=len(lines) - len(counted),
        status=statuses.pop() if len(statuses) == 1 else "mixed", seconds=_over(fmean, times) if times else None,
        figures={name: _over(fmean, each) for name, each in values.items()},
        spread={name: _over(stdev, each) for name, each in values.items() if len(each) > 1},
    )  # fmt: skip


def _over(statistic: Callable[[Sequence[float]], float], values: Sequence[float]) -> float:
    """A statistic; NaN where a value is NaN, or no float can hold it."""
    try:
        return statistic(values) if all(map(math.isfinite, values)) else math.nan
    except OverflowError:
        return math.nan


def _ways(sort: str | None, keys: Keys) -> Callable[[Line], Any]:
    """What means are sorted by: as `order`, with None last."""
    if sort is None:
        return lambda line: 0
    key, down = sort.removeprefix("-"), sort.startswith("-")
    kind, name = keys.resolved(key, f"--sort {sort}")

    def value(line: Line) -> Any:
        found: Any
        if kind == "figure":
            found = line.figures.get(name)
        elif kind == "setting":
            found = line.settings.get(name)
        else:
            found = {"began": line.at, "age": -line.at, "sweep": line.run}.get(name, getattr(line, name, None))
        missing = found is None or found != found
        number = found if isinstance(found, int | float) and not missing else 0.0
        text = found if isinstance(found, str) else ""
        return missing, -number if down else number, _turned(text) if down else tuple(map(ord, text))

    return value


def _turned(text: str) -> tuple[int, ...]:
    """Something that sorts texts the other way round; an end comes after what goes on."""
    return (*(-ord(c) for c in text), 1)


def lines_of(connection: sqlite3.Connection, wanted: Sequence[Term], by: Term, limit: int | None) -> list[Line]:
    """The lines that meet all conditions, in that order."""
    columns = ", ".join(f"e.{name}" for name in COLUMNS.split(", "))
    most = "" if limit is None else f" LIMIT {int(limit)}"
    sql = f"SELECT {columns} FROM entries e JOIN folders f ON f.name = e.folder{_where(wanted)} ORDER BY {by.sql}{most}"
    rows = connection.execute(sql, (*_values(wanted), *by.values)).fetchall()
    bases = {
        name: json.loads(base) for name, base in connection.execute("SELECT name, base FROM folders WHERE base != '{}'")
    }
    varied = {folder: _varied(connection, folder) for folder in {row[0] for row in rows} & set(bases)}
    return [_line(row, bases, varied) for row in rows]


def _varied(connection: sqlite3.Connection, folder: str) -> tuple[str, ...]:
    """The settings to which a sweep gives more than one value."""
    (members,) = connection.execute("SELECT count(*) FROM entries WHERE folder = ?", (folder,)).fetchone()
    sql = (
        "SELECT key FROM entries, json_each(settings) WHERE folder = ? GROUP BY key "
        "HAVING count(DISTINCT value) > 1 OR count(*) < ? ORDER BY min(id), key"
    )
    return tuple(key for (key,) in connection.execute(sql, (folder, members)))


def _line(row: tuple[Any, ...], bases: Mapping[str, Mapping[str, Any]], varied: Mapping[str, tuple[str, ...]]) -> Line:
    folder, member, recipe, seed, status, at, steps, epochs, seconds, error, settings, figures = row
    base, own = bases.get(folder), json.loads(settings)
    return Line(
        folder, None if member == ALONE else member, recipe, seed, status, at, steps, epochs, seconds, error,
        own if base is None else {**base, **own}, json.loads(figures), changed=varied.get(folder, ()),
    )  # fmt: skip


def total_of(connection: sqlite3.Connection, wanted: Sequence[Term]) -> int:
    """How many lines meet all conditions."""
    sql = f"SELECT count(*) FROM entries e JOIN folders f ON f.name = e.folder{_where(wanted)}"
    (count,) = connection.execute(sql, _values(wanted)).fetchone()
    return int(count)


def _where(wanted: Sequence[Term]) -> str:
    return f" WHERE {' AND '.join(one.sql for one in wanted)}" if wanted else ""


def _values(wanted: Sequence[Term]) -> tuple[Any, ...]:
    return tuple(value for one in wanted for value in one.values)


def _folders(connection: sqlite3.Connection, only: Sequence[str]) -> list[Term]:
    """That a line is of one of these folders. Raises BadQuery for one that is not there."""
    if not only:
        return []
    known = [name for (name,) in connection.execute("SELECT name FROM folders ORDER BY name DESC")]
    for name in only:
        if name not in known:
            from difflib import get_close_matches

            close = get_close_matches(name, known, n=1)
            raise BadQuery(f"there is no run or sweep {name!r}" + (f"; did you mean {close[0]}?" if close else ""),
                           "`dllab runs list` lists them")  # fmt: skip
    return [Term(f"e.folder IN ({', '.join('?' * len(only))})", tuple(only))]


def _sweeps(connection: sqlite3.Connection) -> tuple[SweepLine, ...]:
    found: dict[str, SweepLine] = {}
    sql = (
        "SELECT folder, recipe, max(at), status, count(*) FROM entries WHERE member != ? GROUP BY folder, status "
        "ORDER BY max(at) DESC, folder DESC"
    )
    for folder, recipe, at, status, count in connection.execute(sql, (ALONE,)):
        one = found.get(folder, SweepLine(folder, recipe, at, 0, {}))
        found[folder] = replace(one, members=one.members + count, statuses={**one.statuses, status: count})
    return tuple(found.values())


def _same(value: Any) -> Any:
    """A value that can be compared with others: 1, 1.0 and true are three."""
    return (type(value).__name__, value)
