"""The first words of a view: which net was looked at, in which state, and at which rows."""

from __future__ import annotations

from dllab.views.text import count


def looked_at(name: str, state: str, steps: int, split: str, rows: int, kind: str = "row") -> str:
    """`digits, trained 540 steps; test: 449 rows`."""
    how = "untrained" if state == "untrained" else f"trained {count(steps, 'step')}"
    return f"{name}, {how}; {split}: {count(rows, kind)}"
