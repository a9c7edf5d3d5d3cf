"""What is asked of the index: conditions such as `test_accuracy>0.9`, and the order of what is found.

A condition is KEY, one of = != < <= > >=, and a value. A key is a figure (`test_accuracy`, `train_loss`), a setting
(`optimizer.lr`, `model[0].dense.units`, or `lr` where only one ends so), or one of the fields below. A value is a number
(`90%` is 0.9), a text in which * stands for anything, several of either with commas between them, or `none`: not there.
Times are written as `began>=2026-11-25`, `began>today`, or as an age: `age<2h` (s, m, h, d, w). What lacks a key meets no
condition on it but `KEY=none`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

FIELDS = {
    "recipe": "e.recipe", "status": "e.status", "seed": "e.seed", "steps": "e.steps", "epochs": "e.epochs",
    "seconds": "e.seconds", "began": "e.at", "age": "(strftime('%s', 'now') - e.at)", "run": "e.folder",
    "member": "nullif(e.member, -1)", "sweep": "iif(e.member = -1, NULL, e.folder)", "error": "e.error",
}  # fmt: skip
TIMES, AGES = ("began",), ("age",)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
CONDITION = re.compile(r"\s*([^=!<>\s]+?)\s*(==|!=|<=|>=|=|<|>)\s*(.*?)\s*", re.DOTALL)
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?(\s*%)?", re.IGNORECASE)
HOW = "a condition is KEY=VALUE, or with != < <= > >=, such as 'test_accuracy>0.9', 'recipe=xor' or 'age<2h'"
MOST = 18


class BadQuery(Exception):
    """A condition or an order that cannot be understood: what is wrong, and what to write."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.problem, self.hint = problem, hint


@dataclass(frozen=True)
class Term:
    """An SQL expression and the parameters in it."""

    sql: str
    values: tuple[Any, ...] = ()


class Keys:
    """The keys that entries have, each with the expression that finds its value."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._all: tuple[list[str], list[str]] | None = None

    def resolved(self, key: str, where: str) -> tuple[str, str]:
        """What a key is, `field`, `figure` or `setting`, and its full name; `where` is what names it. Raises BadQuery."""
        if key in FIELDS:
            return "field", key
        figures, settings = self._known()
        if key in figures:
            return "figure", key
        name = key if key in settings else self._short(key, settings, where)
        if name is None:
            raise BadQuery(f"{where}: there is no {key!r} here{_meant(key, [*FIELDS, *figures, *settings])}", self._there())
        return "setting", name

    def term(self, key: str, where: str) -> Term:
        """The expression for a key. Raises BadQuery."""
        kind, name = self.resolved(key, where)
        if kind == "field":
            return Term(FIELDS[name])
        if kind == "figure":
            return Term("json_extract(e.figures, ?)", (_path(name),))
        return Term("coalesce(json_extract(e.settings, ?), json_extract(f.base, ?))", (_path(name), _path(name)))

    def figures(self) -> list[str]:
        """All figures there are: `test_accuracy` and so on."""
        return self._known()[0]

    def _short(self, key: str, settings: Iterable[str], where: str) -> str | None:
        """The one setting that ends with the key, or of several the one that is not the same everywhere."""
        found = [name for name in settings if name.endswith(f".{key}")]
        if len(found) > 1:
            varied = [name for name in found if self._varies(name)]
            found = varied if len(varied) == 1 else found
        if len(found) > 1:
            raise BadQuery(f"{where}: {key} may be {_some(found)}", "write one of them in full")
        return found[0] if found else None

    def _varies(self, name: str) -> bool:
        """Whether a setting has several values."""
        value = "coalesce(json_extract(e.settings, ?), json_extract(f.base, ?))"
        sql = f"SELECT count(DISTINCT {value}) FROM entries e JOIN folders f ON f.name = e.folder"
        (count,) = self._connection.execute(sql, (_path(name), _path(name))).fetchone()
        return int(count) > 1

    def _there(self) -> str:
        figures, _ = self._known()
        return f"there are {_some([*figures, *FIELDS])}; and settings, such as optimizer.lr"

    def _known(self) -> tuple[list[str], list[str]]:
        if self._all is None:
            figures = "SELECT DISTINCT key FROM entries, json_each(figures)"
            both = "SELECT settings AS said FROM entries UNION ALL SELECT base FROM folders"
            settings = f"SELECT DISTINCT key FROM ({both}), json_each(said)"
            self._all = _names(self._connection, figures), _names(self._connection, settings)
        return self._all


def conditions(texts: Sequence[str], keys: Keys) -> list[tuple[str, Term]]:
    """The texts, each with its condition in SQL. Raises BadQuery."""
    return [(text, _condition(text, keys)) for text in texts]


def order(text: str | None, keys: Keys) -> Term:
    """What to sort by: a key, with - before it for the largest first; what lacks it comes last. None: the newest first."""
    newest = "e.at DESC, length(e.folder) DESC, e.folder DESC, e.member"  # of one second NAME-10 is newer than NAME-9
    if text is None:
        return Term(newest)
    key = text.removeprefix("-")
    term = keys.term(key, f"--sort {text}")
    down = "DESC" if text.startswith("-") else "ASC"
    return Term(f"{term.sql} IS NULL, {term.sql} {down}, {newest}", term.values * 2)


def _condition(text: str, keys: Keys) -> Term:
    found = CONDITION.fullmatch(text)
    if found is None or not found[3]:
        raise BadQuery(f"--where {text!r} is no condition", HOW)
    key, sign, value = found[1], found[2], _unquoted(found[3])
    term = keys.term(key, f"--where {text!r}")
    sign = "=" if sign == "==" else sign
    if sign in ("=", "!="):
        every = [_equal(term, key, one.strip(), text) for one in value.split(",")]
        joined = " OR ".join(one.sql for one in every)
        values = tuple(v for one in every for v in one.values)
        if sign == "=":
            return Term(f"({joined})", values)
        there = "" if value.lower() == "none" else f" AND {term.sql} IS NOT NULL"
        return Term(f"(NOT ({joined}){there})", values + (term.values if there else ()))
    measure = _measure(key, value, text)
    if measure is None:
        raise BadQuery(f"--where {text!r}: {sign} compares numbers, and {value!r} is none", "use = or != with texts")
    return Term(f"(typeof({term.sql}) IN ('integer', 'real') AND {term.sql} {sign} ?)", (*term.values * 2, measure))


def _equal(term: Term, key: str, value: str, text: str) -> Term:
    if value.lower() == "none":
        return Term(f"{term.sql} IS NULL", term.values)
    if key in TIMES and len(value) == 10 and (day := _moment(value)) is not None:  # a whole day
        return Term(f"({term.sql} >= ? AND {term.sql} < ?)", (*term.values, day, *term.values, day + 86400))
    if (number := _measure(key, value, text)) is not None:
        return Term(f"({term.sql} = ? OR {term.sql} = ?)", (*term.values, number, *term.values, value))
    if "*" in value:
        return Term(f"{term.sql} GLOB ?", (*term.values, re.sub(r"[?\[]", lambda mark: f"[{mark[0]}]", value)))
    return Term(f"{term.sql} = ?", (*term.values, value))


def _measure(key: str, value: str, text: str) -> float | None:
    """A value as a number: 0.9, 90%, true, a time or an age; None for a text."""
    if key in TIMES:
        if (moment := _moment(value)) is None:
            raise BadQuery(f"--where {text!r}: {value!r} is no time",
                           "write a day or a time: began>=2026-11-25, began>2026-11-25T14:30, began>=today")  # fmt: skip
        return moment
    if key in AGES:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", value)
        if found is None:
            raise BadQuery(f"--where {text!r}: {value!r} is no age", "write a number and s, m, h, d or w: age<2h, age>3d")
        return float(found[1]) * UNITS[found[2]]
    if value.lower() in ("true", "false"):
        return float(value.lower() == "true")
    if NUMBER.fullmatch(value) is None:
        return None
    return float(value[:-1]) / 100 if value.endswith("%") else float(value)


def _moment(value: str) -> float | None:
    """A day, a time of a day, `today` or `yesterday`, in seconds of the epoch."""
    today = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
    if value in ("today", "yesterday"):
        return (today - timedelta(days=value == "yesterday")).timestamp()
    try:
        return datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def _path(key: str) -> str:
    """The path of a key in a JSON object."""
    return f'$."{key}"'


def _names(connection: sqlite3.Connection, sql: str) -> list[str]:
    return [name for (name,) in connection.execute(sql) if '"' not in name]


def _meant(key: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")
