"""What a sweep came to: the best settings, what each value gives on average, what failed; and the plan of one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dllab.lab.grid import Axis
from dllab.lab.sweep_plan import SweepPlan
from dllab.lab.sweep_summary import Failure, KeyMeans, Measure, Setting, SweepSummary
from dllab.runs.metrics_log import plain
from dllab.views.curves import Plot, Series
from dllab.views.heat import HeatMap
from dllab.views.next_steps import NextSteps, broken
from dllab.views.parts import Plain
from dllab.views.text import SHARES, count, duration, figure, heading, number, percent

MOST_BARS = 16  # values of a key that have a line each; more numbers are a curve
MOST_REASONS = 5
VALUE = 20  # cells of a value
BAR = 20
HEIGHT = 10  # lines of a curve
LISTED = 6  # values of a key in a plan
PLANE = 40  # values of a key in a heat map


class SweepView:
    """The end of a sweep. `commands`: what to try next."""

    def __init__(self, found: SweepSummary, commands: Sequence[tuple[str, str]] = ()) -> None:
        self.found, self.commands = found, commands

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Sentences, tables and figures; then what is to be copied, which is not broken at the edge of the terminal."""
        yield Plain(Group(_head(self.found, options), *self._blocks(options)))
        if self.found.failures:
            yield Text()
            yield from _failures(self.found, options.max_width)
        if self.found.folder is not None:
            yield Text()
            yield Text(f"sweep kept in {self.found.folder}", no_wrap=True, overflow="ignore")
        if self.commands:
            yield Text()
            yield NextSteps(self.commands)

    def _blocks(self, options: ConsoleOptions) -> Iterator[RenderableType]:
        found = self.found
        if found.measure is None or not found.best:
            if found.done:
                yield Text("No member came to a figure by which they could be ranked.")
            return
        yield _ranked(found, found.measure)
        names = short_names([axis.key for axis in found.plan.varied])
        yield Text()
        yield _best(found, found.measure, names, options)
        if found.tied > 1:
            yield Text(f"{count(found.tied, 'setting')} share the first figure; those of lower loss come first", "dim")
        if found.done < len(found.plan.grid):  # means over what happens to be there would compare unlike with unlike
            return
        for name, key in zip(names, found.keys):
            yield Text()
            yield from _of_key(name, key, found.measure, options)
        if found.plane is not None and max(found.plane.shape) <= PLANE:
            yield Text()
            yield _plane(found, found.measure, names)


def document(found: SweepSummary) -> dict[str, Any]:
    """The last line of --json."""
    best = found.best[0] if found.best else None
    return {
        "summary": True,
        "status": found.status,
        "members": len(found.plan.grid),
        **found.counts,
        "metric": None if found.measure is None else found.measure.text,
        "best": None if best is None else {
            "overrides": list(best.overrides), "mean": plain(best.mean), "sd": plain(best.sd), "n": best.n,
            "diverged": best.diverged,
        },
        "seconds": round(found.seconds, 6),
        "folder": None if found.folder is None else str(found.folder),
    }  # fmt: skip


def short_names(keys: Sequence[str]) -> list[str]:
    """The last words of keys where these tell them apart: `lr` for optimizer.lr."""
    last = [re.split(r"[.\]]", key)[-1] or key for key in keys]
    return [word if last.count(word) == 1 else key for word, key in zip(last, keys)]


def _head(found: SweepSummary, options: ConsoleOptions) -> Text:
    grid, total = found.plan.grid, len(found.plan.grid)
    text = Text.assemble((found.plan.recipe.name, "bold"), ": ")
    if found.done < total:
        text.append(f"{found.done:,} of {count(total, 'member')} trained, then ")
        text.append("stopped at the first failure" if found.status == "failed" else "interrupted", "bold")
    else:
        text.append(f"{count(total, 'member')} ").append("trained", "bold")
    text.append(f", {count(grid.settings, 'setting')}")
    if len(grid.seeds) > 1:
        text.append(f" {'x' if options.ascii_only else '×'} {len(grid.seeds):,} seeds")
    for status in ("stopped", "pruned", "diverged", "failed"):
        if found.counts.get(status):
            word = "stopped early" if status == "stopped" else status
            text.append(f", {found.counts[status]:,} ").append(word, "bold" if status == "failed" else "")
    return text.append(f"; {duration(found.seconds)}, {found.jobs} at a time")


def _ranked(found: SweepSummary, measure: Measure) -> Text:
    """By what settings are ranked, and what that is worth."""
    seeds = len(found.plan.grid.seeds)
    text = Text.assemble("Ranked by ", (_told(measure), "bold"), f", the mean over {seeds:,} seeds" if seeds > 1 else "")
    if measure.split == "test" and found.plan.grid.settings > 1:
        text.append("; the best of many on the test rows promises too much: ")
        text.append("data.validation=0.2 sets rows apart to choose by")
    elif measure.split == "train":
        text.append(", of the rows trained on: it says nothing of others")
    if seeds > 1 and found.counts.get("diverged"):
        text.append("; settings that diverged with a seed come last")
    return text.append(".")


def _told(measure: Measure) -> str:
    return f"{measure.split} {heading(measure.name)}"


def _best(found: SweepSummary, measure: Measure, names: Sequence[str], options: ConsoleOptions) -> RenderableType:
    sign, seeds = "+/-" if options.ascii_only else "±", len(found.plan.grid.seeds)
    spread = any(setting.sd is not None for setting in found.best)
    lines = [[*names, f"{heading(measure.name)} {sign} sd" if spread else heading(measure.name)]]
    diverged = any(setting.diverged for setting in found.best)
    if seeds > 1:
        lines[0].append("seeds")
    if diverged:
        lines[0].append("diverged")
    if measure.name != "loss":
        lines[0].append("loss")
    for setting in found.best:
        line = [*_values(setting, found.plan), _with_spread(measure.name, setting.mean, setting.sd, sign)]
        line += [f"{setting.n:,}"] if seeds > 1 else []
        line += [f"{setting.diverged:,}" if setting.diverged else ""] if diverged else []
        lines.append(line + ([number(setting.loss)] if measure.name != "loss" else []))
    return _table(lines, len(names), options)


def _values(setting: Setting, plan: SweepPlan) -> list[str]:
    """The values of the keys that vary."""
    told = dict(zip((axis.key for axis in plan.grid.axes), setting.overrides))
    return [told[axis.key].partition("=")[2] for axis in plan.varied]


def _with_spread(name: str, mean: float, sd: float | None, sign: str) -> str:
    """`97.6 ± 0.5 %`, `0.0497 ± 0.011`."""
    if sd is None:
        return figure(name, mean)
    if name in SHARES:
        return f"{percent(mean).removesuffix(' %')} {sign} {100 * sd:.1f} %"
    return f"{number(mean)} {sign} {number(sd, 2)}"


def _table(lines: list[list[str]], keys: int, options: ConsoleOptions) -> RenderableType:
    """Cells in columns, the first line the heading; the values of keys are cut, and last columns left out, to fit."""
    room = VALUE
    while room > 6 and _width(lines, keys, room) > options.max_width:
        room -= 1
    columns = len(lines[0])
    while columns > keys + 1 and _width([line[:columns] for line in lines], keys, room) > options.max_width:
        columns -= 1
    table = Table.grid(padding=(0, 2))
    for column in range(columns):
        table.add_column(justify="left" if column < keys else "right", no_wrap=True)
    for row, line in enumerate(lines):
        cells = [_cut(cell, room, options) if column < keys else cell for column, cell in enumerate(line[:columns])]
        table.add_row(*(Text(cell, "bold" if row == 0 else "") for cell in cells))
    return table


def _width(lines: Sequence[Sequence[str]], keys: int, room: int) -> int:
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return sum(min(width, room) if i < keys else width for i, width in enumerate(widths)) + 2 * (len(widths) - 1)


def _cut(text: str, room: int, options: ConsoleOptions) -> str:
    dots = "..." if options.ascii_only else "…"
    return text if len(text) <= room else text[: max(1, room - len(dots))] + dots


def _of_key(name: str, key: KeyMeans, measure: Measure, options: ConsoleOptions) -> Iterator[RenderableType]:
    """The mean at each value: bars, or a curve of many numbers."""
    x = [_float(label) for label in key.labels]
    if len(key.labels) > MOST_BARS and None not in x and np.isfinite(key.means).sum() > 2:
        yield _curve(name, [value for value in x if value is not None], key, measure)
        return
    yield Text.assemble((name, "bold"), f": mean {_told(measure)} of its values, over all else")
    order = [i for i in range(len(key.labels)) if key.counts[i] or key.diverged[i]]
    whole = len(order)
    if len(order) > MOST_BARS:
        sign = -1 if measure.higher else 1
        order = sorted(order, key=lambda i: np.nan_to_num(sign * key.means[i], nan=np.inf))[:MOST_BARS]
    top = 1.0 if measure.name in SHARES else max((abs(m) for m in key.means if np.isfinite(m)), default=0.0)
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "right", "left", "left"):
        table.add_column(justify=justify, no_wrap=True)
    for i in order:
        mean, gone = float(key.means[i]), int(key.diverged[i])
        bar = ("#" if options.ascii_only else "▇") * round(BAR * mean / top) if top and mean > 0 else ""
        shown = figure(measure.name, mean) if key.counts[i] else "-"
        table.add_row(
            _cut(key.labels[i], VALUE, options), shown, Text(bar, "#56b4e9"), f"{gone:,} diverged" if gone else ""
        )
    yield table
    if len(order) < whole:
        yield Text(f"and {count(whole - len(order), 'more value')}", "dim")


def _curve(name: str, x: list[float], key: KeyMeans, measure: Measure) -> Plot:
    log = min(x) > 0 and max(x) > 30 * min(x)
    places = np.log10(x) if log else np.array(x)
    order = np.argsort(places)
    unit = f"log10 of {name}" if log else name
    curve = Series("", places[order].tolist(), key.means[order].tolist(), "#56b4e9")
    title = f"{_told(measure)} by {name}, mean over all else"
    return Plot(title, (curve,), HEIGHT, unit=unit, start=float(places.min()), log="auto" if not measure.higher else False)


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _plane(found: SweepSummary, measure: Measure, names: Sequence[str]) -> RenderableType:
    """Both keys at once, the first one down."""
    down, across = found.keys
    percents = measure.name in SHARES
    assert found.plane is not None
    return HeatMap(
        found.plane * (100 if percents else 1), rows=[_shorter(label) for label in down.labels],
        columns=[_shorter(label) for label in across.labels], numbers=True, digits=3, unit=" %" if percents else "",
        title=f"{_told(measure)} by {names[0]} (down) and {names[1]} (across)", row_unit="values", column_unit="values",
    )  # fmt: skip


def _shorter(label: str) -> str:
    value = _float(label)
    return label if value is None else f"{value:.3g}"


def _failures(found: SweepSummary, width: int) -> Iterator[RenderableType]:
    """Reasons, each with the command that repeats the first member that failed for it."""
    failed = found.counts.get("failed", 0)
    repeats = "this command repeats it alone" if failed == 1 else "each of these commands repeats one alone"
    yield Plain(Text.assemble((f"{count(failed, 'member')} failed", "bold"), f", {repeats}:"))
    for failure in found.failures[:MOST_REASONS]:
        yield from map(Text, wrap(_reason(failure), width, subsequent_indent="  ", break_on_hyphens=False))
        yield from _command(failure.line, width)
    left = len(found.failures) - MOST_REASONS
    if left > 0:
        yield Plain(Text(f"and {count(left, 'reason')} more; members.jsonl in the sweep's folder has all"))


def _reason(failure: Failure) -> str:
    times = f"{failure.count:,} times: " if failure.count > 1 else ""
    return f"- {times}{failure.reason}"


def _command(words: Sequence[str], width: int) -> Iterator[Text]:
    """A command that can be copied; in several lines where it is long."""
    for line in broken(shlex.join(words), width - 2):
        yield Text(f"  {line}", "bold", no_wrap=True, overflow="ignore")


# ---- a plan ------------------------------------------------------------------------------------------------------------


class PlanView:
    """What a sweep would train. `command`: the line that does it."""

    def __init__(self, plan: SweepPlan, measure: Measure | None, jobs: int, command: str) -> None:
        self.plan, self.measure, self.jobs, self.command = plan, measure, jobs, command

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Counts, the values of each key, order, what settings are ranked by."""
        plan, grid = self.plan, self.plan.grid
        head = Text.assemble((plan.recipe.name, "bold"), f": {count(len(grid), 'member')} to train, ")
        head.append(count(grid.settings, "setting") + _found(plan))
        seeds = f"seeds {grid.seeds[0]} to {grid.seeds[-1]}" if len(grid.seeds) > 1 else f"seed {grid.seeds[0]}"
        head.append(f", {seeds}, {self.jobs} at a time")
        lines: list[RenderableType] = [head, *(_axis(axis, options) for axis in plan.varied)]
        fixed = [f"{axis.key}={axis.values[0]}" for axis in grid.axes if axis not in plan.varied]
        if fixed:
            lines.append(Text(f"  in all of them: {' '.join(fixed)}"))
        lines.append(Text(f"{count(plan.nets, 'net')} to plan; {_order(plan)}"))
        if self.measure is not None:
            lines.append(Text(f"settings will be ranked by {_told(self.measure)}"))
        yield Plain(Group(*lines))
        yield Text()
        yield NextSteps([(self.command, "train them")], "Nothing was trained. Try next:")


def plan_document(plan: SweepPlan, measure: Measure | None) -> dict[str, Any]:
    """The JSON document of a dry run."""
    grid = plan.grid
    return {
        "recipe": plan.recipe.name,
        "members": len(grid),
        "settings": grid.settings,
        "seeds": len(grid.seeds),
        "first_seed": grid.seeds[0],
        "sample": grid.sample,
        "nets": plan.nets,
        "metric": None if measure is None else measure.text,
        "axes": [
            {"key": axis.key, "values": list(axis.values), "between": None if axis.between is None else list(axis.between)}
            for axis in grid.axes
        ],
    }


def _found(plan: SweepPlan) -> str:
    """How settings come about, where they are not all combinations."""
    if plan.search is not None:
        return f" found by {plan.search.upper()}" + ("" if plan.prune else ", none pruned")
    return " drawn at random" if plan.grid.sample is not None else ""


def _axis(axis: Axis, options: ConsoleOptions) -> Text:
    if axis.between is not None:
        low, high = axis.between
        return Text(f"  {axis.key}: between {low:g} and {high:g}" + (", by equal ratios" if axis.log else ""))
    shown = list(axis.values)
    if len(shown) > LISTED:
        shown = [*shown[: LISTED - 2], "..." if options.ascii_only else "…", shown[-1]]
    return Text(f"  {axis.key}: {count(len(axis.values), 'value')}: {', '.join(shown)}")


def _order(plan: SweepPlan) -> str:
    names = dict(zip((axis.key for axis in plan.varied), short_names([axis.key for axis in plan.varied])))
    order = ["seeds"] if len(plan.grid.seeds) > 1 else []
    if plan.grid.sample is None:
        order += [names[axis.key] for axis in plan.grid.order if axis.key in names]
    return f"fastest to change: {', then '.join(order)}" if len(order) > 1 else "one after the other"
