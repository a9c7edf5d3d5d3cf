"""What a loss looks at, and what all losses have in common: the mean over the batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dllab.lab.explain_here import Array, Here, Place
from dllab.lab.explanation import Equation
from dllab.plan.row import Row


@dataclass(frozen=True)
class Judged:
    """What a loss looks at: x and its gradient, of the batch as (rows, ..., K); the place that is looked at; the row."""

    x: Array
    dx: Array
    target: Array
    n: int
    place: Place
    count: float  # of what the mean is over
    row: Row
    here: Here
    loss: Any

    @property
    def own(self) -> Array:
        """The outputs (K,) at the place."""
        numbers: Array = self.x[(self.n, *self.place[:-1])]
        return numbers

    @property
    def slope(self) -> float:
        """The gradient of the output that is looked at."""
        return float(self.dx[(self.n, *self.place)])


def count_of(here: Here, row: Row, x: Array) -> float:
    """Over how many answers the mean is taken."""
    counted = row.operands["target"].counted if "target" in row.operands else None
    if counted is not None:
        return float(here.moment.inside.numbers(counted))
    positions = here.read(row, "positions") if "positions" in row.operands else 1
    return float(here.moment.rows * positions)


def mean_of_batch(judged: Judged, own: float, all_of_them: float, each: float = 1.0) -> Equation:
    """The loss of the batch."""
    others = all_of_them - own
    operands = [("this loss", own)]
    what = "all others"
    if judged.count * each > 1:
        operands.append((f"({what})", others))
    template = f"({' + '.join(['{}'] * len(operands))}) / {{}}" if judged.count * each > 1 else "{}"
    if judged.count * each > 1:
        operands.append(("count", judged.count * each))
    return Equation("loss of the batch", template, tuple(operands), judged.here.moment.loss, abs(own) + abs(others))


def why(judged: Judged) -> str:
    """Where the count in every gradient comes from."""
    much = f"{judged.count:,.0f}"
    return f"the loss is the mean of {much}, so 1/{much} is in every gradient from here on: inputs are simply added"
