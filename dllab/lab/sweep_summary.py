"""What a sweep comes to: the best settings, what each value of each key gives on average, what failed and why.

Members are kept as numbers in arrays, so that ten thousand of them need no memory to speak of.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.catalogue import parts
from dllab.lab.grid import Axis
from dllab.lab.sweep_plan import SweepPlan

OPEN, FINISHED, STOPPED, DIVERGED, FAILED, PRUNED = range(6)
STATUSES = ("open", "finished", "stopped", "diverged", "failed", "pruned")
REASONS = 1000
"""Different reasons of failures that are kept; what comes later is told as the last of them."""
RANGES = 5
"""Parts that a range without values is told in."""
ALIKE = 12
"""Digits in which figures must differ for one to be better: sums of the same numbers may differ."""
SPLITS = ("validation", "test", "train")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """The figure that settings are ranked by."""

    split: str
    name: str
    higher: bool

    @property
    def text(self) -> str:
        """As in `expect`: validation_accuracy."""
        return f"{self.split}_{self.name}"


class NoMeasure(ValueError):
    """There is no such figure; `known` lists those there are."""

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__("no such figure")
        self.known = list(known)


def measure_of(plan: SweepPlan, wanted: str | None = None) -> Measure | None:
    """The figure asked for, or the recipe's first on validation, else test, else train. None where nothing is known yet.

    Raises NoMeasure.
    """
    known = [Measure(s, name, higher) for s in SPLITS if s in plan.splits for name, higher in plan.figures.items()]
    if wanted is None or not known:
        return known[0] if known else None
    for measure in known:
        if measure.text == wanted:
            return measure
    raise NoMeasure([measure.text for measure in known])


def guessed(final: Mapping[str, Mapping[str, Any]], wanted: str | None = None) -> Measure | None:
    """The same from a member's figures, where the first setting could not be looked at."""
    for split in SPLITS:
        for name in sorted(final.get(split, {}), key=lambda name: name == "loss"):
            if isinstance(final[split][name], int | float) and wanted in (None, f"{split}_{name}"):
                higher = name != "loss" and getattr(parts("metrics").get(name), "higher_is_better", True)
                return Measure(split, name, higher)
    return None


class Tally:
    """Members that have ended, as numbers. `measure` may be None until the first of them has figures."""

    def __init__(self, members: int, measure: Measure | None, wanted: str | None = None) -> None:
        self.measure, self._wanted = measure, wanted
        self.status = np.zeros(members, np.int8)
        self.value: Floats = np.full(members, np.nan)
        self.loss: Floats = np.full(members, np.nan)
        self._reason = np.full(members, -1, np.int16)
        self._reasons: dict[str, int] = {}

    def add(self, index: int, status: str, final: Mapping[str, Any], error: str | None) -> None:
        """A member has ended; what was told of it before does not count any more."""
        self.status[index] = STATUSES.index(status) if status in STATUSES else FAILED
        self.value[index] = self.loss[index] = math.nan
        self._reason[index] = -1
        if self.status[index] == FAILED:
            text = error or "no reason is told"
            self._reason[index] = self._reasons.setdefault(text, min(len(self._reasons), REASONS - 1))
            if len(self._reasons) > REASONS:
                del self._reasons[text]
        elif self.status[index] not in (DIVERGED, PRUNED):
            self.measure = self.measure or guessed(final, self._wanted)
            if self.measure is not None:
                figures = final.get(self.measure.split, {})
                self.value[index] = _number(figures.get(self.measure.name))
                self.loss[index] = _number(figures.get("loss"))

    def count(self, status: int) -> int:
        """How many members came to that end."""
        return int((self.status == status).sum())

    def counts(self) -> dict[str, int]:
        """The same for every end; of pruned ones where there are any."""
        found = {name: self.count(code) for code, name in enumerate(STATUSES) if code != OPEN}
        return {name: number for name, number in found.items() if number or name != "pruned"}

    @property
    def todo(self) -> NDArray[np.int64]:
        """The members that are missing or failed."""
        return np.flatnonzero((self.status == OPEN) | (self.status == FAILED))

    def failures(self) -> Iterator[tuple[str, int, int]]:
        """Every reason, how many members failed for it, and the first of them."""
        for text, number in self._reasons.items():
            places = np.flatnonzero(self._reason == number)
            if len(places):
                yield text, len(places), int(places[0])


@dataclass(frozen=True)
class Setting:
    """One setting over its seeds: `n` count, those that ended with a figure. `sd`: None for one; `loss`: its mean."""

    number: int
    overrides: tuple[str, ...]
    mean: float
    sd: float | None
    n: int
    diverged: int
    loss: float


@dataclass(frozen=True)
class KeyMeans:
    """What the values of a key, or parts of its range, give on average over all else: mean, how many count, diverged."""

    key: str
    labels: tuple[str, ...]
    means: Floats
    counts: NDArray[np.int64]
    diverged: NDArray[np.int64]
    log: bool = False


@dataclass(frozen=True)
class Failure:
    """Members that failed for one reason, and the command that repeats the first of them."""

    reason: str
    count: int
    line: tuple[str, ...]


@dataclass(frozen=True)
class SweepSummary:
    """A sweep as it stands. `best`: settings in order, those first of which every seed counts; `tied` with the first.

    `status`: finished, interrupted or failed; `counts`: members by their end. `failures`: by reason, the most frequent
    first. `plane`: of two keys, the mean of every pair (rows: the first key).
    """

    plan: SweepPlan
    status: str
    measure: Measure | None
    counts: Mapping[str, int]
    best: tuple[Setting, ...]
    tied: int
    keys: tuple[KeyMeans, ...]
    plane: Floats | None
    failures: tuple[Failure, ...]
    seconds: float
    jobs: int
    folder: Path | None

    @property
    def done(self) -> int:
        """Members that have ended, however they did."""
        return sum(self.counts.values())


def summary_of(plan: SweepPlan, tally: Tally, *, status: str, top: int, seconds: float, jobs: int,
               folder: Path | None) -> SweepSummary:  # fmt: skip
    """The summary of what has ended so far."""
    table = _Table(plan, tally)
    best, tied = table.best(top)
    failures = sorted(tally.failures(), key=lambda one: (-one[1], one[2]))
    lines = tuple(Failure(text, count, tuple(plan.line(plan.grid.member(first)))) for text, count, first in failures)
    return SweepSummary(
        plan, status, tally.measure, tally.counts(), best, tied, table.keys(), table.plane(), lines, seconds, jobs, folder
    )


class _Table:
    """Settings by seeds."""

    def __init__(self, plan: SweepPlan, tally: Tally) -> None:
        self.plan, self.sign = plan, -1.0 if tally.measure is not None and tally.measure.higher else 1.0
        shape = plan.grid.settings, len(plan.grid.seeds)
        self.value, self.losses = tally.value.reshape(shape), tally.loss.reshape(shape)
        self.counted = ~np.isnan(self.value)
        self.diverged = (tally.status.reshape(shape) == DIVERGED).sum(axis=1)
        self.n = self.counted.sum(axis=1)
        self.sum = np.where(self.counted, self.value, 0.0).sum(axis=1)
        with np.errstate(invalid="ignore"):
            self.mean = self.sum / self.n

    def best(self, top: int) -> tuple[tuple[Setting, ...], int]:
        """The first settings, and how many share the figure of the first."""
        whole = self.n == self.value.shape[1]
        with np.errstate(invalid="ignore"):
            loss = np.where(self.counted, self.losses, 0.0).sum(axis=1) / self.n
        mean = _alike(self.mean)
        order = np.lexsort((_alike(loss), self.sign * mean, ~whole, self.n == 0))
        order = order[: int((self.n > 0).sum())]
        if not len(order):
            return (), 0
        tied = int(((mean == mean[order[0]]) & (whole == whole[order[0]])).sum())
        return tuple(self._setting(int(number), float(loss[number])) for number in order[:top]), tied

    def _setting(self, number: int, loss: float) -> Setting:
        values = self.value[number][self.counted[number]]
        sd = float(values.std(ddof=1)) if len(values) > 1 else None
        overrides = self.plan.grid.setting(number)
        return Setting(number, overrides, float(self.mean[number]), sd, len(values), int(self.diverged[number]), loss)

    def keys(self) -> tuple[KeyMeans, ...]:
        """What every key with more than one value does."""
        return tuple(self._key(axis, place) for axis, place in self._places())

    def _key(self, axis: Axis, place: NDArray[np.int64]) -> KeyMeans:
        labels = axis.values or _ranges(axis)
        counts = np.bincount(place, self.n, len(labels))
        with np.errstate(invalid="ignore"):
            means = np.bincount(place, self.sum, len(labels)) / counts
        diverged = np.bincount(place, self.diverged, len(labels))
        return KeyMeans(axis.key, tuple(labels), means, counts.astype(np.int64), diverged.astype(np.int64), axis.log)

    def _places(self) -> list[tuple[Axis, NDArray[np.int64]]]:
        """Which value of a key each setting has."""
        grid, varied = self.plan.grid, self.plan.varied
        numbers, found = np.arange(grid.settings), {}
        if grid.sample is not None:
            shares = np.array([grid.shares(number) for number in range(grid.settings)])
            for column, axis in enumerate(grid.axes):
                found[axis.key] = (shares[:, column] * (len(axis.values) or RANGES)).astype(np.int64)
        else:
            for axis in grid.order:
                numbers, found[axis.key] = np.divmod(numbers, len(axis.values))
        return [(axis, found[axis.key]) for axis in varied]

    def plane(self) -> Floats | None:
        """The mean at every pair of values of two keys."""
        places = self._places() if len(self.plan.varied) == 2 and self.plan.grid.sample is None else []
        if not places:
            return None
        (first, down), (second, across) = places
        found = np.full((len(first.values), len(second.values)), np.nan)
        found[down, across] = self.mean
        return found


def _alike(figures: Floats) -> Floats:
    """Figures without their last digits, however small they are."""
    shares, powers = np.frexp(figures)
    rounded: Floats = np.ldexp(np.round(shares, ALIKE), powers)
    return rounded


def _ranges(axis: Axis) -> tuple[str, ...]:
    """The parts of a range, as texts."""
    ends = [_short(axis.drawn(part / RANGES)) for part in range(RANGES + 1)]
    return tuple(f"{low} to {high}" for low, high in pairwise(ends))


def _short(text: str) -> str:
    return f"{float(text):.3g}"


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else math.nan
