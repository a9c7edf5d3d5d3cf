"""Claims of a lesson: a number that was measured beside the bound that it must meet, and a guess beside the number."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Op = Literal["<", "<=", ">", ">=", "=="]
OPS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}


@dataclass(frozen=True)
class Claim:
    """`value` OP `bound`, said in words by `text`. `holds`: None where nothing is claimed: a time, or a package is missing.

    `low`, `high`: the least and the greatest of `count` nets, or `what` else there are several of, where `value` is their
    median. `unit`: of all these. `why`: there is no number.
    """

    id: str
    text: str
    value: float | None
    op: Op | None = None
    bound: float | None = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    count: int = 1
    why: str = ""
    what: str = "nets"

    @property
    def holds(self) -> bool | None:
        """Whether the number meets the bound; one that is no number meets none."""
        if self.op is None or self.value is None or self.bound is None:
            return None
        return not math.isnan(self.value) and bool(OPS[self.op](self.value, self.bound))


def measured(id: str, text: str, found: float | Sequence[float], op: Op | None, bound: float | None, unit: str,
             what: str = "nets") -> Claim:  # fmt: skip
    """A claim about one number, or about the median of several."""
    if isinstance(found, Sequence) or hasattr(found, "__len__"):
        several = [float(one) for one in found]  # type: ignore[union-attr]
        if any(math.isnan(one) for one in several):
            return Claim(id, text, math.nan, op, bound, unit, count=len(several), what=what)
        low, high = (min(several), max(several)) if len(several) > 1 else (None, None)
        return Claim(id, text, median(several), op, bound, unit, low, high, len(several), what=what)
    return Claim(id, text, float(found), op, bound, unit)


def less(these: Sequence[float], those: Sequence[float]) -> list[float]:
    """How much greater these are than those, net by net; nets of one place have one seed."""
    return [one - other for one, other in zip(these, those, strict=True)]


def over(these: Sequence[float], those: Sequence[float]) -> list[float]:
    """These as multiples of those, net by net."""
    return [one / other for one, other in zip(these, those, strict=True)]


@dataclass(frozen=True)
class Prediction:
    """A number that is asked for before the experiment, and what a guess far from it may come from.

    `log`: guesses are judged by how many times too large or small they are. `near`: within which factor, or else at which
    distance, a guess is a good one. `low`, `high`: what to say to who guessed too little or too much; `good`: to the
    others. `least`, `most`: between which a guess makes sense.
    """

    question: str
    low: str
    high: str
    good: str
    unit: str = ""
    log: bool = False
    near: float = 2.0
    least: float = -math.inf
    most: float = math.inf

    def judged(self, said: float, truth: float) -> Literal["low", "high", "good"]:
        """Which of the three a guess is."""
        if self.log:
            if said <= 0 or truth <= 0:
                return "good" if said == truth else "low" if said < truth else "high"
            if truth / self.near <= said <= truth * self.near:
                return "good"
        elif abs(said - truth) <= self.near:
            return "good"
        return "low" if said < truth else "high"

    def told(self, said: float, truth: float) -> str:
        """What to say to a guess."""
        return {"low": self.low, "high": self.high, "good": self.good}[self.judged(said, truth)]
