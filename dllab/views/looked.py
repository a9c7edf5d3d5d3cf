"""The first words of a view: which net was looked at, in which state, and at which rows."""

from __future__ import annotations

from typing import Protocol

from rich.text import Text

from dllab.views.text import count


class LookedAt(Protocol):
    """A net that was looked at, and some rows."""

    @property
    def name(self) -> str:
        """Of the recipe or run."""

    @property
    def state(self) -> str:
        """`untrained` or `trained`."""

    @property
    def steps(self) -> int:
        """Of its training."""

    @property
    def best_step(self) -> int | None:
        """The earlier step whose weights training went back to, if it did."""

    @property
    def split(self) -> str:
        """Of the rows."""

    @property
    def rows(self) -> int:
        """How many."""


def state_of(state: str, steps: int, best_step: int | None = None) -> str:
    """`untrained`, `trained 540 steps`, or `trained 540 steps, weights of step 320, the best`."""
    if state == "untrained":
        return state
    back = "" if best_step is None else f", weights of step {best_step:,}, the best"
    return f"trained {count(steps, 'step')}{back}"


def looked_at(seen: LookedAt, what: str, kind: str = "row") -> Text:
    """`digits: predictions, trained 540 steps, 449 rows of the split test`."""
    state, rows = state_of(seen.state, seen.steps, seen.best_step), count(seen.rows, kind)
    return Text.assemble((seen.name, "bold"), f": {what}, {state}, {rows} of the split {seen.split}")
