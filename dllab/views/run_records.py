"""One run as it was kept: what it was, its figures, its curve; and several side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dllab.lab.run_records import ABSENT, Comparison, Record
from dllab.runs.metrics_log import plain
from dllab.views.curves import Plot, Series
from dllab.views.figures import figures_table, matrices
from dllab.views.next_steps import NextSteps
from dllab.views.parts import Plain
from dllab.views.run_lists import ranked_figures, shown_figure, shown_value, spoken
from dllab.views.text import SHARES, count, duration, heading

COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CURVE_LINES = 10
LONGEST = 24


class RunPage:
    """One run."""

    def __init__(self, record: Record, commands: Sequence[tuple[str, str]] = ()) -> None:
        self.record, self.commands = record, commands

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Facts, figures, curve, commands."""
        record = self.record
        yield Plain(Text.assemble((record.name, "bold"), f": {record.recipe}, ", (record.status, "bold"), self._extent()))
        yield Plain(self._facts())
        figures = record.figures
        if figures:
            yield Text()
            yield Plain(figures_table(figures, {}))
            yield from map(Plain, matrices(figures, options.max_width))
        for plot in plots([record]):
            yield Text()
            yield plot
        if self.commands:
            yield Text()
            yield NextSteps(self.commands)

    def _extent(self) -> str:
        told = self.record.document
        words = [
            count(told[key], word) for key, word in (("epochs", "epoch"), ("steps", "step")) if type(told.get(key)) is int
        ]
        words += [f"seed {told['seed']}"] if told.get("seed") is not None else []
        words += [duration(told["seconds"])] if isinstance(told.get("seconds"), int | float) else []
        return "".join(f", {word}" for word in words)

    def _facts(self) -> RenderableType:
        told, facts = self.record.document, Table.grid(padding=(0, 2))
        facts.add_column(style="bold", no_wrap=True)
        facts.add_column()
        for title, value in self._told(told):
            facts.add_row(title, Text(value))
        return facts

    def _told(self, told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if isinstance(told.get("began"), str):
            yield "began", told["began"][:16].replace("T", " ")
        changes = told.get("changes")
        if isinstance(changes, list) and changes:
            yield "changes", ", ".join(map(str, changes))
        for again in told["resumed"] if isinstance(told.get("resumed"), list) else ():
            if isinstance(again, dict):
                changed = ", ".join(map(str, again.get("changes") or [])) or "no changes"
                yield "resumed", f"at step {again.get('step')}: {changed}"
        origin = told.get("init_from")
        if isinstance(origin, dict):
            yield "weights", f"of {origin.get('run') or origin.get('from')} to begin with"
        diverged = told.get("diverged")
        if isinstance(diverged, dict):
            yield (
                "diverged",
                f"{diverged.get('value')} at step {diverged.get('step')}, in {diverged.get('layer') or 'the loss'}",
            )
        if told.get("error"):
            yield "error", str(told["error"])
        versions, machine = told.get("versions"), told.get("machine")
        if isinstance(versions, dict) and isinstance(machine, dict):
            by = ", ".join(f"{name} {versions[name]}" for name in ("dllab", "numpy", "numba") if name in versions)
            yield "made by", f"{by} on {machine.get('processor')}"


class ComparisonView:
    """Runs side by side: settings that differ, figures, curves over each other. Each has a letter."""

    def __init__(self, found: Comparison) -> None:
        self.found = found

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Names, two tables, and one plot or two."""
        records = self.found.records
        for index, record in enumerate(records):
            line = Text.assemble(
                (LETTERS[index], f"bold {COLOURS[index % len(COLOURS)]}"), f"  {record.name}  ", record.status
            )
            yield Plain(line)
        yield Text()
        settings = [(key, [_value(value) for value in values]) for key, values in self.found.differing.items()]
        if settings:
            yield from _side_by_side("setting", settings, options.max_width)
        else:
            yield Text("the same in every setting")
        names = dict.fromkeys(name for record in records for name in flat_figures(record))
        if names:
            yield Text()
            rows = [(spoken(name), [_figure(name, record) for record in records]) for name in ranked_figures(names)]
            yield from _side_by_side("figure", rows, options.max_width)
        for plot in plots(records):
            yield Text()
            yield plot


def plots(records: Sequence[Record]) -> Iterator[Plot]:
    """Curves of the runs over each other: the loss, and the metric watched, where there is one for all."""
    told = [(index, record) for index, record in enumerate(records) if len(record.history) > 1]
    if not told:
        return
    yield Plot("loss", tuple(_curve(index, r, _losses(r), len(records)) for index, r in told), CURVE_LINES, log="auto")
    watched = [_watched(record) for _, record in told]
    if watched[0] is not None and len(set(watched)) == 1:
        split, metric = watched[0]
        share = 100.0 if metric in SHARES else 1.0
        curves = tuple(_curve(index, r, _metric(r, split, metric, share), len(records)) for index, r in told)
        title = f"{split} {heading(metric)}{' %' if share > 1 else ''}"
        yield Plot(title, curves, CURVE_LINES, top=100.0 if share > 1 else None)


def flat_figures(record: Record) -> dict[str, float | None]:
    """Its figures that are numbers: `test_accuracy` and so on."""
    found: dict[str, float | None] = {}
    for split, values in record.figures.items():
        found.update({f"{split}_{name}": v for name, v in values.items() if v is None or isinstance(v, int | float)})
    return found


def record_document(record: Record) -> dict[str, Any]:
    """The JSON document of a run."""
    told: Any = plain(dict(record.document))
    return {
        **{key: told.get(key) for key in ("recipe", "seed", "epochs", "steps", "seconds", "began")},
        "run": record.path.name, "member": record.member, "status": record.status, "final": plain(record.figures),
        "changes": told.get("changes") or [], "settings": dict(record.settings), "history": plain(list(record.history)),
    }  # fmt: skip


def comparison_document(found: Comparison) -> dict[str, Any]:
    """The JSON document of a comparison."""
    return {
        "runs": [
            {"run": one.path.name, "member": one.member, "recipe": one.recipe, "status": one.status,
             "final": plain(one.figures)}
            for one in found.records
        ],
        "differing": [
            {"key": key, "values": [None if value is ABSENT else value for value in values]}
            for key, values in found.differing.items()
        ],
    }  # fmt: skip


def _side_by_side(title: str, rows: Sequence[tuple[str, Sequence[str]]], width: int) -> Iterator[RenderableType]:
    """A line for each key, a column for each run; runs that there is no room for are named below."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(title, overflow="fold", max_width=max(width // 2, 20))
    room = width - min(max(len(key) for key, _ in (*rows, (title, ()))), max(width // 2, 20))
    shown = []
    for index in range(len(rows[0][1])):
        room -= max([1, *(len(values[index]) for _, values in rows)]) + 3
        if room >= 0 or index < 1:
            shown.append(index)
            table.add_column(LETTERS[index], justify="right", no_wrap=True)
    for key, values in rows:
        table.add_row(Text(key), *(Text(values[index]) for index in shown))
    yield Plain(table)
    left = [LETTERS[index] for index in range(len(rows[0][1])) if index not in shown]
    if left:
        yield Text(f"no room for {', '.join(left)}: a wider terminal and --json show them", "dim")


def _value(value: Any) -> str:
    text = "-" if value is ABSENT else shown_value(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _figure(name: str, record: Record) -> str:
    figures = flat_figures(record)
    return shown_figure(name, figures[name]) if name in figures else "-"


def _curve(index: int, record: Record, points: tuple[list[float], list[float]], many: int) -> Series:
    letter = LETTERS[index] if many > 1 else ""
    return Series("", *points, COLOURS[index % len(COLOURS)], mark=letter)


def _losses(record: Record) -> tuple[list[float], list[float]]:
    """Epochs, and the mean training loss up to each."""
    return [_number(line.get("epoch")) for line in record.history], [_number(line.get("loss")) for line in record.history]


def _watched(record: Record) -> tuple[str, str] | None:
    """The split and the first metric that the lines of a run tell."""
    for split, values in record.history[-1].items():
        for name, value in values.items() if isinstance(values, dict) else ():
            if name != "loss" and isinstance(value, int | float):
                return split, name
    return None


def _metric(record: Record, split: str, metric: str, share: float) -> tuple[list[float], list[float]]:
    values = [line[split].get(metric) if isinstance(line.get(split), dict) else None for line in record.history]
    return [_number(line.get("epoch")) for line in record.history], [share * _number(value) for value in values]


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
