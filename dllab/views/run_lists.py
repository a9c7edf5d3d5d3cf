"""Lists of runs: those columns that tell lines apart, as many as fit; the rest is named below."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dllab.lab.run_best import Best, BestRuns
from dllab.lab.run_lists import Line, Listing, SweepLine
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.text import SHARES, count, duration, figure, number

GAP = 3
LONGEST = 28
"""Characters of a text in a cell."""
SPLITS = ("test", "validation", "train")
BESIDE = ("steps", "seconds", "began")
"""What is shown where there is room left, and not missed where there is none; so are further figures."""
NAMED = 6
"""Columns left out that are named below."""


@dataclass(frozen=True)
class Column:
    """A column: what it is called (in one line or two), its cells, and whether it is of texts."""

    key: str
    title: str
    cells: tuple[str, ...]
    left: bool = False

    @property
    def width(self) -> int:
        """The columns of a terminal it takes."""
        return max(map(cell_len, (*self.title.split("\n"), *self.cells)))


class RunList:
    """A list of runs. `first`: keys that the user has named, which come before others. `commands`: what to try next."""

    def __init__(self, listing: Listing, first: Sequence[str] = (), commands: Sequence[tuple[str, str]] = (),
                 more: str = "") -> None:  # fmt: skip
        self.listing, self.first, self.commands, self.more = listing, first, commands, more

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table, how many lines there are besides, sweeps, and commands."""
        found = self.listing
        if found.mean and (sweep := _sweep_of(found.lines)) is not None:
            yield Plain(Text(f"members of {sweep}:"))
        if found.lines:
            yield from table(
                columns_of(found.lines, found.figures, found.differing, self.first, found.mean), options.max_width
            )
        for sentence in self._sentences():
            yield Plain(Text(sentence))
        if found.sweeps:
            yield from ([Text()] if found.lines else [])
            yield Plain(_sweeps(found.sweeps))
        if self.commands:
            yield Text()
            yield NextSteps(self.commands)

    def _sentences(self) -> Iterator[str]:
        found = self.listing
        one = "setting" if found.mean else "run"
        if len(found.lines) < found.total:
            yield f"{len(found.lines):,} of {count(found.total, one)}; {self.more}"
        if not found.lines and found.nothing is not None:
            yield f"no run meets {found.nothing}"
        elif not found.lines and not found.sweeps:
            yield "no run meets all conditions"


class BestList:
    """The best runs of recipes. `alone`: of one recipe, with the next ones after it."""

    def __init__(self, best: BestRuns, alone: bool, commands: Sequence[tuple[str, str]] = ()) -> None:
        self.found, self.nothing, self.alone, self.commands = best.found, best.nothing, alone, commands

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A line for each recipe, or the first runs of one."""
        if self.alone and self.found:
            (one,) = self.found
            yield Plain(Text(f"{one.recipe}: the best of {count(one.among, 'run')} by {spoken(one.metric)}"))
            lines = Listing(one.lines, one.among)
            yield from table(columns_of(one.lines, lines.figures, lines.differing, [one.metric]), options.max_width)
        elif self.found:
            yield from table(_best_columns(self.found), options.max_width)
        else:
            yield Text(self.nothing or "")
        if self.commands:
            yield Text()
            yield NextSteps(self.commands)


def table(columns: Sequence[Column], width: int) -> Iterator[RenderableType]:
    """The columns that fit, in their order of importance; then the names of those that do not."""
    shown: list[Column] = []
    left: list[Column] = []
    room = width
    for column in columns:
        if not shown or column.width + GAP <= room:
            shown.append(column)
            room -= column.width + GAP
        else:
            left.append(column)
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in shown:
        drawn.add_column(Text(column.title), justify="left" if column.left else "right", no_wrap=True, vertical="bottom")
    for cells in zip(*(column.cells for column in shown)):
        drawn.add_row(*map(Text, cells))
    yield Plain(drawn)
    names = [column.key for column in left if column.key not in BESIDE and "\n" not in column.title]
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield Plain(
            Text(f"no room for {', '.join(names[:NAMED])}{more}: a wider terminal, --json and export show them", "dim")
        )


def columns_of(lines: Sequence[Line], figures: Sequence[str], differing: Sequence[str], first: Sequence[str] = (),
               mean: bool = False) -> list[Column]:  # fmt: skip
    """All columns of a list, the most important first."""
    found = _whose(lines) if mean else [_told("run", lines, lambda line: line.name, left=True)]
    if not mean and any(not line.run.startswith((line.recipe, f"sweep-{line.recipe}")) for line in lines):
        found.append(_told("recipe", lines, lambda line: line.recipe or "-", left=True))
    if any(line.status != "finished" for line in lines):
        found.append(_told("status", lines, lambda line: line.status, left=True))
    if mean:
        found.append(_told("runs", lines, lambda line: f"{line.count - line.failed:,}" + _lost(line)))
    ranked = ranked_figures(figures)
    named = [key for key in first if key in figures or key in differing]
    keys = [*named, *_for_all(lines, ranked), *differing, *ranked]
    titles = short_names(differing)
    for key in dict.fromkeys(keys):
        found.append(_figure(key, lines) if key in figures else _setting(key, titles[key], lines))
    if not mean and len({line.seed for line in lines}) > 1:
        seed = _told("seed", lines, lambda line: "-" if line.seed is None else str(line.seed))
        found.insert(len(found) - len(set(ranked) - set(_for_all(lines, ranked)) - set(named)), seed)
    found.append(_told("steps", lines, lambda line: "-" if line.steps is None else f"{line.steps:,}"))
    found.append(_told("seconds", lines, lambda line: "-" if line.seconds is None else duration(line.seconds)))
    if not mean and any(line.error for line in lines):
        found.insert(2, _told("error", lines, lambda line: _cut(line.error or ""), left=True))
    return found


def ranked_figures(names: Iterable[str]) -> list[str]:
    """Figures by importance: those of the test split, of the validation split, of the training split; losses last."""

    def rank(name: str) -> tuple[bool, int]:
        split = name.partition("_")[0]
        return name.endswith("_loss"), SPLITS.index(split) if split in SPLITS else len(SPLITS)

    return sorted(names, key=rank)


def _for_all(lines: Sequence[Line], ranked: Sequence[str]) -> list[str]:
    """The most important figures of which every line has one."""
    found: list[str] = []
    for line in lines:
        if not any(name in line.figures for name in found):
            found += [name for name in ranked if name in line.figures][:1]
    return found


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Each key by as few of its last words as tell it from the others."""
    found = {}
    for key in keys:
        words = key.split(".")
        for used in range(1, len(words) + 1):
            short = ".".join(words[-used:])
            if sum(other == short or other.endswith(f".{short}") for other in keys) <= 1:
                break
        found[key] = short
    return found


def spoken(name: str) -> str:
    """A figure in words: test accuracy."""
    split, _, metric = name.partition("_")
    return f"{split} {metric.replace('_', ' ')}"


def shown_figure(name: str, value: float | None, spread: float | None = None) -> str:
    """A figure, with its spread if there is one."""
    metric = name.partition("_")[2]
    if value is None:
        return "nan"
    if spread is None or not math.isfinite(spread):
        return figure(metric, value)
    if metric in SHARES:
        return f"{100 * value:.1f} ± {100 * spread:.1f} %"
    return f"{number(value)} ± {number(spread, 2)}"


def _whose(lines: Sequence[Line]) -> list[Column]:
    """What means are of: a recipe, and the sweep if they are of one."""
    found = [_told("recipe", lines, lambda line: line.recipe or "-", left=True)]
    if _sweep_of(lines) is None and any(line.member is not None for line in lines):
        found.append(_told("sweep", lines, lambda line: "-" if line.member is None else line.run, left=True))
    return found


def _sweep_of(lines: Sequence[Line]) -> str | None:
    """The sweep that all lines are of."""
    sweeps = {None if line.member is None else line.run for line in lines}
    return sweeps.pop() if len(sweeps) == 1 else None


def _told(key: str, lines: Sequence[Line], cell: Callable[[Line], str], left: bool = False) -> Column:
    return Column(key, key, tuple(cell(line) for line in lines), left)


def _figure(key: str, lines: Sequence[Line]) -> Column:
    split, _, metric = key.partition("_")
    cells = (shown_figure(key, line.figures[key], line.spread.get(key)) if key in line.figures else "-" for line in lines)
    return Column(key, f"{split}\n{metric.replace('_', ' ')}", tuple(cells))


def _setting(key: str, title: str, lines: Sequence[Line]) -> Column:
    cells = (_cut(shown_value(line.settings[key])) if key in line.settings else "-" for line in lines)
    return Column(key, title, tuple(cells))


def shown_value(value: Any) -> str:
    """A setting as a recipe writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _lost(line: Line) -> str:
    return f" of {line.count:,}" if line.failed else ""


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _best_columns(found: Sequence[Best]) -> list[Column]:
    lines = [one.lines[0] for one in found]
    figures = [(one.metric, one.lines[0].figures[one.metric]) for one in found]
    return [
        Column("recipe", "recipe", tuple(one.recipe for one in found), left=True),
        Column("best run", "best run", tuple(line.name for line in lines), left=True),
        Column("figure", "figure", tuple(shown_figure(name, value) for name, value in figures)),
        Column("by", "by", tuple(spoken(one.metric) for one in found), left=True),
        Column("of", "of runs", tuple(f"{one.among:,}" for one in found)),
    ]


def _sweeps(sweeps: Sequence[SweepLine]) -> RenderableType:
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    drawn.add_column("sweep", no_wrap=True)
    drawn.add_column("members", justify="right")
    drawn.add_column("of them")
    for sweep in sweeps:
        ends = ", ".join(f"{many:,} {status}" for status, many in sorted(sweep.statuses.items(), key=lambda pair: -pair[1]))
        drawn.add_row(Text(sweep.run), f"{sweep.members:,}", Text(ends))
    return drawn


# ---- documents -------------------------------------------------------------------------------------------------------


def document(listing: Listing) -> dict[str, Any]:
    """The JSON document of a list."""
    return {
        "total": listing.total,
        "differing": list(listing.differing),
        "runs": [line_document(line, listing.differing, listing.mean) for line in listing.lines],
        "sweeps": [
            {"run": sweep.run, "recipe": sweep.recipe, "began": moment(sweep.at), "members": sweep.members,
             "statuses": dict(sweep.statuses)}
            for sweep in listing.sweeps
        ],
    }  # fmt: skip


def best_document(found: Sequence[Best]) -> dict[str, Any]:
    """The JSON document of the best runs."""
    return {
        "best": [
            {"recipe": one.recipe, "metric": one.metric, "among": one.among,
             "runs": [line_document(line, Listing(one.lines, one.among).differing, False) for line in one.lines]}
            for one in found
        ]
    }  # fmt: skip


def line_document(line: Line, settings: Sequence[str], mean: bool) -> dict[str, Any]:
    """One line of a list; NaN and infinities are None."""
    found: dict[str, Any] = {
        "run": line.run, "member": line.member, "recipe": line.recipe, "seed": line.seed, "status": line.status,
        "began": moment(line.at), "steps": line.steps, "epochs": line.epochs, "seconds": line.seconds, "error": line.error,
        "final": nested(line.figures), "settings": {key: line.settings[key] for key in settings if key in line.settings},
    }  # fmt: skip
    if mean:
        found |= {"count": line.count, "counted": line.count - line.failed, "sd": nested(line.spread)}
    return found


def nested(figures: Mapping[str, float | None]) -> dict[str, dict[str, float | None]]:
    """`{"test_accuracy": 0.9}` as `{"test": {"accuracy": 0.9}}`."""
    found: dict[str, dict[str, float | None]] = {}
    for name, value in figures.items():
        split, _, metric = name.partition("_")
        found.setdefault(split, {})[metric] = value if value is not None and math.isfinite(value) else None
    return found


def moment(at: float) -> str:
    """A time as run.json tells it."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%dT%H:%M:%S%z")


def rows(listing: Listing) -> list[list[Any]]:
    """A table for other programs: a line of names, then one for each run."""
    figures, settings = listing.figures, listing.differing
    told = ("run", "member", "recipe", "seed", "status", "began", "steps", "epochs", "seconds", "error")
    spread = [name for name in figures if listing.mean]
    head = [*told, *(["count", "counted"] if listing.mean else []), *figures, *(f"{name}_sd" for name in spread), *settings]
    body = []
    for line in listing.lines:
        values = [moment(line.at) if name == "began" else getattr(line, name) for name in told]
        values += [line.count, line.count - line.failed] if listing.mean else []
        values += [line.figures.get(name) for name in figures] + [line.spread.get(name) for name in spread]
        body.append(values + [line.settings.get(name) for name in settings])
    return [head, *body]
