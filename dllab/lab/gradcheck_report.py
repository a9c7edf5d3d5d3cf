"""What a gradient check found: one Check for each array, and all of them as a Report."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from dllab.lab.differences import SweepPoint, settled

THRESHOLD = 1e-6
"""The largest relative error that passes; right gradients usually stay below 1e-9."""

Verdict = Literal["ok", "bug", "kink", "not finite"]
Index = tuple[int, ...]


@dataclass(frozen=True)
class Element:
    """One number that was looked at twice: its place, what the backward pass says, differences for every epsilon."""

    index: Index
    analytic: float
    sweep: tuple[SweepPoint, ...]

    @property
    def numerical(self) -> float:
        """The difference quotient that has settled."""
        return settled(self.sweep)


@dataclass(frozen=True)
class Check:
    """What was found for one array.

    `relative_error` and the `index` it is at leave kinks out; `checked` of `of` elements were looked at, kinks among
    them. `worst` is there for a bug, `kink` for the first element at a kink. `factor`: all gradients are this many times
    the numerical ones. Verdict `kink`: nothing but kinks. `case`: the options of a part that is checked by itself.
    """

    layer: str
    parameter: str
    shape: Index
    relative_error: float
    index: Index
    checked: int
    of: int
    kinks: int
    verdict: Verdict
    worst: Element | None = None
    kink: Element | None = None
    factor: float | None = None
    case: str = ""

    @property
    def passed(self) -> bool:
        """Whether no wrong gradient was found here."""
        return self.verdict in ("ok", "kink")

    @property
    def name(self) -> str:
        """Layer and parameter in one: `0_dense.w`."""
        return f"{self.layer}.{self.parameter}"

    def as_json(self) -> dict[str, Any]:
        """The check as plain data; NaN and inf are None."""
        found: dict[str, Any] = {
            "layer": self.layer,
            "parameter": self.parameter,
            "relative_error": finite(self.relative_error),
            "index": list(self.index),
            "case": self.case,
            "shape": list(self.shape),
            "checked": self.checked,
            "of": self.of,
            "kinks": self.kinks,
            "verdict": self.verdict,
        }
        shown = self.worst or self.kink
        if shown is not None:
            found["analytic"], found["numerical"] = finite(shown.analytic), finite(shown.numerical)
            found["sweep"] = [
                {"epsilon": p.epsilon, "left": finite(p.left), "right": finite(p.right), "central": finite(p.central)}
                for p in shown.sweep
            ]
        return found


@dataclass(frozen=True)
class Checked:
    """An event of a check at work: piece `number` (from 1) of `of` is done, called `title`."""

    number: int
    of: int
    title: str
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class LeftOut:
    """An event of a check at work: these parameters are frozen, so they have no gradients to check."""

    frozen: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """All checks of a net, or of all parts (`parts`). `planted` names the layer with a bug on purpose.

    `frozen`: parameters without gradients, which were left out.
    """

    title: str
    checks: tuple[Check, ...]
    planted: str = ""
    parts: bool = False
    frozen: tuple[str, ...] = ()

    @classmethod
    def of(cls, title: str, events: Iterable[Any], planted: str | None = None, parts: bool = False) -> Report:
        """Do the work behind these events, and keep what they found."""
        checks: list[Check] = []
        frozen: tuple[str, ...] = ()
        for event in events:
            if isinstance(event, Checked):
                checks += event.checks
            elif isinstance(event, LeftOut):
                frozen = event.frozen
        return cls(title, tuple(checks), planted or "", parts, frozen)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def worst(self) -> Check | None:
        """The check with the largest relative error; one that is not finite comes before all others."""
        return max(self.checks, key=lambda c: (math.isnan(c.relative_error), c.relative_error), default=None)

    @property
    def max_relative_error(self) -> float:
        """The largest of all; NaN where a gradient is not finite."""
        return self.worst.relative_error if self.worst else 0.0

    def as_json(self) -> dict[str, Any]:
        """The document that `--json` prints; NaN and inf are None."""
        checks = [check.as_json() for check in self.checks]
        worst = finite(self.max_relative_error)
        frozen = {"frozen": list(self.frozen)} if self.frozen else {}
        return {"passed": self.passed, "max_relative_error": worst, "threshold": THRESHOLD, "checks": checks, **frozen}


def finite(number: float) -> float | None:
    """The number, or None for what JSON cannot say."""
    return number if math.isfinite(number) else None
