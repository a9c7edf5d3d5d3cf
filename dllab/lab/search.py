"""Finds settings by what earlier ones came to: Optuna's TPE (Bergstra et al., Algorithms for hyper-parameter optimization,
2011).

Settings are asked for in rounds of ROUND, and what they came to is told in their order when the whole round has ended. So
what is suggested depends on the seed alone, neither on how many are trained at a time nor on which ends first; and a
search that was interrupted goes on where it was, by being told again what its journal says.

Pruning goes by the same rule: a member is given up at an evaluation where its best figure so far is worse than the median
of the figures that members of earlier rounds with the same seed had there
(after the median stopping rule of Google Vizier, Golovin et al., 2017).
"""

from __future__ import annotations

import math
import statistics
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from dllab.lab.grid import Axis, Grid, Member, NoGrid, Watch
from dllab.lab.sweep import Done
from dllab.lab.sweep_plan import SweepPlan
from dllab.lab.sweep_summary import Measure

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

ROUND = 4
"""Settings that are asked for before what they come to is told."""

BEFORE_PRUNING = 8
"""Settings before which nothing is pruned: so many figures have a median worth going by."""

WARM_UP = 2
"""Evaluations of a member that nothing is pruned at."""

MOST_LOOKS = 200
"""Evaluations of a member that pruning goes by."""

KINDS = ("tpe",)


def version() -> str:
    """That of Optuna: another one may suggest other settings."""
    return metadata.version("optuna")


class Changed(ValueError):
    """What is suggested now is not what the journal has. `number`: of the setting."""

    def __init__(self, number: int) -> None:
        super().__init__("other suggestions than then")
        self.number = number


@dataclass(frozen=True)
class SearchGrid(Grid):
    """Settings that are found one round after the other. `found`: where each lies on every axis, in [0, 1)."""

    found: list[list[float]] = field(default_factory=list, compare=False)

    def shares(self, number: int) -> list[float]:
        """Where a setting lies; of one not found yet, nowhere in particular."""
        return self.found[number] if number < len(self.found) else [0.0] * len(self.axes)


@dataclass(frozen=True)
class Ended:
    """A member that has ended, as far as a search goes by it."""

    status: str
    value: float | None
    curve: Sequence[float]


class Search:
    """A search under way for the settings of a plan that has a `search`; its members are those of `grid`."""

    def __init__(self, plan: SweepPlan, measure: Measure) -> None:
        self.plan, self.measure = plan, measure
        grid = plan.grid
        self.grid = SearchGrid(grid.axes, grid.seeds, grid.sample)
        self._ended: dict[int, Ended] = {}
        self._before: dict[int, tuple[str, ...]] = {}
        self._members: list[list[Ended]] = [[] for _ in grid.seeds]
        self._watches: list[Watch] = []
        self._study, self._distributions = _study(grid.seeds[0], measure.higher), _distributions(grid.axes)

    def remember(self, told: Mapping[str, Any]) -> None:
        """A member that ended before, as its line in the journal tells."""
        index, curve = int(told["index"]), told.get("curve") or ()
        value = (told.get("final") or {}).get(self.measure.split, {}).get(self.measure.name)
        self._ended[index] = Ended(str(told["status"]), _number(value), _curve(curve))
        self._before[index // len(self.grid.seeds)] = tuple(told["overrides"])

    def ended(self, one: Done) -> None:
        """A member has ended."""
        value = one.final.get(self.measure.split, {}).get(self.measure.name)
        self._ended[one.member.index] = Ended(one.status, _number(value), _curve(one.curve or ()))

    def rounds(self) -> Iterator[list[int]]:
        """The members of each round that have not ended yet, perhaps none; they must have when the next is asked for.

        Raises Changed.
        """
        settings, seeds = self.grid.settings, len(self.grid.seeds)
        for first in range(0, settings, ROUND):
            numbers = range(first, min(first + ROUND, settings))
            self._watches = self._watches_now(first)
            trials = [self._asked(number) for number in numbers]
            every = range(first * seeds, (numbers[-1] + 1) * seeds)
            yield [index for index in every if index not in self._ended]
            for number, trial in zip(numbers, trials):
                self._tell(number, trial)

    def member(self, index: int) -> Member:
        """A member of this round, with what it must come up to."""
        return replace(self.grid.member(index), watch=self._watches[index % len(self.grid.seeds)])

    def _asked(self, number: int) -> Trial:
        trial: Trial = self._study.ask(dict(self._distributions))
        self.grid.found.append([_share(axis, trial.params[axis.key]) for axis in self.grid.axes])
        if self._before.get(number, self.grid.setting(number)) != self.grid.setting(number):
            raise Changed(number)
        return trial

    def _tell(self, number: int, trial: Trial) -> None:
        """The mean over seeds; pruned members as such, with how far they came; diverged ones as the worst there is."""
        from optuna.trial import TrialState

        seeds = len(self.grid.seeds)
        members = [self._ended[index] for index in range(number * seeds, (number + 1) * seeds)]
        for seed, member in enumerate(members):
            self._members[seed].append(member)
        if any(member.status == "failed" for member in members):
            self._study.tell(trial, state=TrialState.FAIL)
            return
        values = [member.value for member in members if member.value is not None]
        if len(values) == seeds and all(member.status in ("finished", "stopped") for member in members):
            self._study.tell(trial, statistics.fmean(values))
            return
        known = min(len(member.curve) for member in members)
        if known and all(member.status != "diverged" for member in members):
            figure = statistics.fmean(member.curve[known - 1] for member in members)
            if figure == figure:
                trial.report(figure, known)
        self._study.tell(trial, state=TrialState.PRUNED)

    def _watches_now(self, settings: int) -> list[Watch]:
        """What the members of a round must come up to, for each seed, after so many settings."""
        if not self.plan.prune or settings < BEFORE_PRUNING:
            return [Watch(self.measure.name, self.measure.higher) for _ in self.grid.seeds]
        return [Watch(self.measure.name, self.measure.higher, _medians(members)) for members in self._members]


def _medians(members: Sequence[Ended]) -> tuple[float | None, ...]:
    """The median at every evaluation; None where there are too few figures. A pruned member keeps its last figure."""
    looks = min(max((len(member.curve) for member in members), default=0), MOST_LOOKS)
    figures = np.full((len(members), looks), np.nan)
    for row, member in zip(figures, members):
        curve = np.array(member.curve[:looks])
        row[: len(curve)] = curve
        if member.status == "pruned" and len(curve):
            row[len(curve) :] = curve[-1]
    counts = (~np.isnan(figures)).sum(axis=0)
    return tuple(
        float(np.nanmedian(figures[:, place])) if place >= WARM_UP and counts[place] >= BEFORE_PRUNING else None
        for place in range(looks)
    )


def _study(seed: int, higher: bool) -> Any:
    """A study in memory that says nothing. Raises NoGrid where Optuna is missing."""
    try:
        import optuna
    except ImportError:
        raise NoGrid("a search needs the package optuna, which is not installed", "pip install 'dllab[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.TPESampler(seed=seed % 2**32, n_startup_trials=2 * ROUND)
    return optuna.create_study(direction="maximize" if higher else "minimize", sampler=sampler)


def _distributions(axes: Sequence[Axis]) -> dict[str, BaseDistribution]:
    """For every key: numbers between two ends, places in a range, or values that have no order."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    found: dict[str, BaseDistribution] = {}
    for axis in axes:
        if axis.between is not None:
            found[axis.key] = FloatDistribution(*axis.between, log=axis.log)
        elif axis.ordered:
            found[axis.key] = IntDistribution(0, len(axis.values) - 1)
        else:
            found[axis.key] = CategoricalDistribution(range(len(axis.values)))
    return found


def _share(axis: Axis, value: float) -> float:
    """Where a value lies on its axis."""
    if axis.between is None:
        return (int(value) + 0.5) / len(axis.values)
    low, high = axis.between
    share = math.log(value / low) / math.log(high / low) if axis.log else (value - low) / (high - low)
    return min(max(share, 0.0), math.nextafter(1.0, 0.0))


def _curve(figures: Sequence[Any]) -> list[float]:
    """The same whether a member has just ended or comes from a journal, which has no infinities: NaN for what is none."""
    return [math.nan if (value := _number(figure)) is None else value for figure in figures]


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
