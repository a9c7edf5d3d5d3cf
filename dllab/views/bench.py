"""The figures of `dllab bench` as tables that fit 80 columns, and as a JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dllab.lab.bench import Timing
from dllab.views.parts import Plain


@dataclass(frozen=True)
class BenchView:
    """Own figures; below, where there are any, the peers' beside them."""

    timings: Sequence[Timing]
    machine: Mapping[str, Any]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One table or two."""
        machine, timings = self.machine, self.timings
        place = f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}"
        parts: list[RenderableType] = [_own(timings, options.ascii_only), Text(place, style="dim")]
        if any(timing.watched_us is not None for timing in timings):
            parts += [Text(), _watched(timings, options.ascii_only)]
        if any(timing.peers for timing in timings):
            for some in _fitting(timings, options.max_width):
                parts += [Text(), _peers(some, options.ascii_only)]
        yield Plain(Group(*parts))


def document(timings: Sequence[Timing], machine: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON document; see docs/json.md."""
    return {"machine": dict(machine), "cases": [_case(timing) for timing in timings]}


def _case(timing: Timing) -> dict[str, Any]:
    return {
        "case": timing.case.name,
        "us_per_step": timing.us_per_step,
        "samples_per_second": timing.samples_per_second,
        "gflops": timing.gflops,
        "roofline_percent": timing.roofline_percent,
        "peers": timing.peers,
        "ratio_to_fastest": timing.ratio_to_fastest,
        **(
            {}
            if timing.watched_us is None
            else {"us_with_probes": timing.watched_us, "probes_percent": timing.probes_percent}
        ),
    }


def _own(timings: Sequence[Timing], ascii_only: bool) -> Table:
    table = _table("One training step with Adam")
    table.add_column("case", no_wrap=True)
    table.add_column("net, batch", overflow="fold")
    for heading in ("us/step" if ascii_only else "µs/step", "samples/s", "GFLOP/s", "roofline"):
        table.add_column(heading, justify="right", no_wrap=True)
    for timing in timings:
        figures = (f"{timing.samples_per_second:,.0f}", f"{timing.gflops:.1f}", f"{timing.roofline_percent:.0f} %")
        table.add_row(timing.case.name, timing.case.text, _micro(timing.us_per_step), *figures)
    return table


def _watched(timings: Sequence[Timing], ascii_only: bool) -> Table:
    """What recording costs: with and without probes, in turns."""
    table = _table("Recorded: every layer and every parameter, at the usual rate")
    table.add_column("case", no_wrap=True)
    unit = "us/step" if ascii_only else "µs/step"
    for heading in (unit, "with probes", "added"):
        table.add_column(heading, justify="right", no_wrap=True)
    for timing in timings:
        added = timing.probes_percent
        if timing.watched_us is not None and added is not None:
            table.add_row(timing.case.name, _micro(timing.us_per_step), _micro(timing.watched_us), f"{added:+.1f} %")
    return table


NAMES = 24  # columns that the names of contenders take, with the space behind


def _fitting(timings: Sequence[Timing], width: int) -> list[Sequence[Timing]]:
    """The cases in as many tables as the width asks for, of about the same size."""
    column = max(len(timing.case.name) for timing in timings) + 2
    most = max((width - NAMES) // column, 1)
    tables = -(-len(timings) // most)
    size = -(-len(timings) // tables)
    return [timings[first : first + size] for first in range(0, len(timings), size)]


def _peers(timings: Sequence[Timing], ascii_only: bool) -> Table:
    """One row for each contender, one column for each case; the fastest peer of a case is marked."""
    table = _table("Microseconds a step, measured in turns")
    table.add_column("", no_wrap=True)
    for timing in timings:
        table.add_column(timing.case.name, justify="right", no_wrap=True)
    names = list(dict.fromkeys(name for timing in timings for name in timing.peers))
    table.add_row("dllab", *(Text(_micro(t.us_per_step), style="bold") for t in timings))
    for name in names:
        table.add_row(name, *(_peer(t, name) for t in timings))
    table.add_section()
    times = "x" if ascii_only else "×"
    ratios = (f"{t.ratio_to_fastest:.2f} {times}" if t.ratio_to_fastest else "" for t in timings)
    table.add_row("fastest (*) / dllab", *ratios)
    return table


def _table(title: str) -> Table:
    return Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold",
        pad_edge=False, show_edge=False, padding=(0, 2, 0, 0),
    )  # fmt: skip


def _peer(timing: Timing, name: str) -> str:
    if name not in timing.peers:
        return "-"
    return f"{'* ' if name == timing.fastest else ''}{_micro(timing.peers[name])}"


def _micro(value: float) -> str:
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
