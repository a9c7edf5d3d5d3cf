"""The figures of `dllab bench --sweep` as a table, and as a JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dllab.lab.bench_sweep import EPOCHS, SweepTiming
from dllab.views.parts import Plain


def view(timings: Sequence[SweepTiming], machine: Mapping[str, Any]) -> RenderableType:
    """A line for each sweep."""
    table = Table.grid(padding=(0, 3))
    for _ in range(4):
        table.add_column(justify="right", no_wrap=True)
    table.add_row(*(Text(word, "bold") for word in ("members", "seconds", "members/s", "peak memory")))
    for one in timings:
        peak = "-" if one.peak is None else f"{one.peak / 1e6:,.0f} MB"
        table.add_row(f"{one.members:,}", f"{one.seconds:.2f}", f"{one.rate:,.0f}", peak)
    title = Text(f"Sweeps of xor, {EPOCHS} epochs a member, kept as they go", "bold")
    place = f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}"
    return Plain(Group(title, table, Text(place, "dim")))


def document(timings: Sequence[SweepTiming], machine: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON document."""
    return {
        "machine": dict(machine),
        "sweeps": [
            {"members": one.members, "epochs": one.epochs, "seconds": one.seconds, "members_per_second": one.rate,
             "peak_bytes": one.peak}
            for one in timings
        ],
    }  # fmt: skip
