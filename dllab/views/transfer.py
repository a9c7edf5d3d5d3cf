"""What a run begins with, in a few lines: weights taken from another, frozen layers, rates of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from dllab.training.events import FirstTraining
from dllab.training.transfer import Beginning
from dllab.views.text import figure, heading

WIDTH = 80
INDENT = "  "
HEADING = 11  # columns


def beginning_lines(beginning: Beginning | None) -> list[str]:
    """The lines, none for a run that begins with nothing but new weights, all of them trained alike."""
    if beginning is None:
        return []
    lines = list(_taken(beginning.origin)) if beginning.origin is not None else []
    if beginning.frozen:
        share = f"{beginning.frozen_parameters:,} of {beginning.parameters:,} parameters"
        lines.append(_line("frozen", beginning.frozen, share))
    if beginning.origin is not None and (bare := [n for n in beginning.frozen if n in beginning.origin["new"]]):
        lines.append(_line("", bare, "frozen as they were drawn"))
    if beginning.factors:
        lines.append(_line("lr factors", (f"{name} {factor:g}" for name, factor in beginning.factors.items())))
    return lines


def first_line(event: FirstTraining) -> str:
    """Tells of a recipe that is trained first."""
    return f"{event.recipe} is trained first, for its weights: {event.steps:,} steps"


def _taken(origin: dict[str, Any]) -> Iterator[str]:
    test = origin.get("test") or {}
    name = next((n for n in test if n != "loss"), "loss")
    reached = f", test {heading(name)} {figure(name, test[name])}" if name in test else ""
    best = "best weights" if origin["weights"] == "best" else "weights"
    source = f"run {origin['run']}" if origin["run"] is not None else f"recipe {origin['recipe']}, not kept"
    yield f"{best} of {source}{reached}"
    yield _line("taken", origin["taken"], f"{origin['parameters']:,} parameters")
    if origin["new"]:
        yield _line("new", origin["new"])
    if origin["absent"]:
        yield _line("not here", origin["absent"])


def _line(heading: str, names: Iterable[str], remark: str = "") -> str:
    """`  frozen     0_dense, 2_dense (25,450 of 25,615 parameters)`; of many names as many as the line takes."""
    start, end = f"{INDENT}{heading:<{HEADING}}", f" ({remark})" if remark else ""
    every = list(names)
    for shown in range(len(every), 0, -1):
        more = f" and {len(every) - shown} more" if shown < len(every) else ""
        line = f"{start}{', '.join(every[:shown])}{more}{end}"
        if len(line) <= WIDTH:
            return line
    return f"{start}{len(every)} in all{end}"
