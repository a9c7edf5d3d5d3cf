"""What a comparison comes to: runs of every contender with the same seeds, their means and how sure they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from dllab.catalogue import find
from dllab.lab.bootstrap import Interval, mean_interval
from dllab.lab.contenders import Contender
from dllab.lab.paired import FEWEST, Pair, pairs_of
from dllab.lab.rate_search import Band, Tried, Tuning
from dllab.training.events import Diverged, Figures, Status


@dataclass(frozen=True)
class Mark:
    """Where a run stood at one of its evaluations. `loss`: mean training loss since the last one."""

    step: int
    seconds: float
    loss: float
    figures: Figures


@dataclass(frozen=True)
class Run:
    """One training of one contender, by number, with one seed."""

    contender: int
    seed: int
    status: Status
    steps: int
    seconds: float
    figures: Figures
    marks: tuple[Mark, ...]
    diverged: Diverged | None = None

    def final(self, split: str, metric: str) -> float:
        """A figure at the end; NaN of a run that diverged."""
        found = math.nan if self.status == "diverged" else self.figures.get(split, {}).get(metric, math.nan)
        return float(found)


@dataclass(frozen=True)
class Target:
    """A figure to be reached, and on which split it is looked at. `given`: by the user, not chosen from the runs."""

    metric: str
    split: str
    value: float
    given: bool

    def reached(self, run: Run) -> Mark | None:
        """The first evaluation at which a run is there; None if it never is."""
        for mark in run.marks:
            value = float(mark.figures.get(self.split, {}).get(self.metric, math.nan))
            if value >= self.value if higher_is_better(self.metric) else value <= self.value:
                return mark
        return None


@dataclass(frozen=True)
class Result:
    """One contender with its rate as found or given, the search for it, and its runs in the order of the seeds."""

    contender: Contender
    runs: tuple[Run, ...]
    tried: tuple[Tried, ...] = ()
    band: Band | None = None

    @property
    def counted(self) -> tuple[Run, ...]:
        """The runs that figures are of: those that did not diverge."""
        return tuple(run for run in self.runs if run.status != "diverged")

    @property
    def diverged(self) -> int:
        """How many did."""
        return len(self.runs) - len(self.counted)

    def final(self, split: str, metric: str) -> Interval:
        """The mean of a figure over the runs that count, and its interval."""
        return mean_interval([run.final(split, metric) for run in self.counted])

    def to_target(self, target: Target) -> tuple[float, float, int]:
        """Steps and seconds to the target in the median run, infinite where no more than half get there; how many do."""
        there = [target.reached(run) for run in self.runs]
        if not there:
            return math.inf, math.inf, 0
        steps = [math.inf if mark is None else float(mark.step) for mark in there]
        seconds = [math.inf if mark is None else mark.seconds for mark in there]
        return _middle(steps), _middle(seconds), sum(mark is not None for mark in there)


@dataclass(frozen=True)
class Comparison:
    """All of it. `metric` of `split` is what the verdict is about; `watched`: the split that all were evaluated on
    on their way; None where these are other rows, so that there are neither curves nor a target.

    `grain`: the step in which that figure comes, 0 if it may be any number. `apart`: why figures cannot be compared, if
    they cannot. `status`: finished or interrupted. `seconds` by the clock, `jobs` threads. `steps`: of a run, the longest.
    `same_weights`, `same_batches`: whether all begin with the same weights, and see the same rows in the same order.
    `cut`: runs that an interruption ended on their way; their evaluations count for curves only.
    """

    recipe: str
    metric: str
    split: str
    watched: str | None
    seeds: tuple[int, ...]
    results: tuple[Result, ...]
    target: Target | None
    tuning: Tuning | None
    grain: float
    status: str
    seconds: float
    jobs: int
    steps: int
    apart: tuple[str, ...] = ()
    losses_differ: bool = False
    same_weights: bool = True
    same_batches: bool = True
    cut: tuple[Run, ...] = ()

    @property
    def judged_twice(self) -> bool:
        """Whether rows that chose the rates judge at the end, too: those of validation, or of training if no others do."""
        tuning = self.tuning
        return tuning is not None and (self.split == "train" or (tuning.split == self.split and not tuning.held_out))

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every pair, tested; none where figures cannot be compared."""
        if self.apart:
            return ()
        return pairs_of([self.values(result) for result in self.results], self.grain)

    def values(self, result: Result) -> list[float]:
        """The figure of a contender for each seed; NaN where there is none."""
        found = {run.seed: run.final(self.split, self.metric) for run in result.runs}
        return [found.get(seed, math.nan) for seed in self.seeds]

    @property
    def order(self) -> list[int]:
        """The contenders' numbers, the best mean first; after them those some of whose runs diverged, as the mean of the
        others flatters, then those of fewer than FEWEST runs, then those without a mean.
        """
        sign = -1.0 if higher_is_better(self.metric) else 1.0

        def place(number: int) -> tuple[bool, bool, bool, float, int]:
            result = self.results[number]
            mean = sign * result.final(self.split, self.metric).mean
            none, few = math.isnan(mean), len(result.counted) < FEWEST
            return none, few, result.diverged > 0, 0.0 if none else mean, number

        return sorted(range(len(self.results)), key=place)


def higher_is_better(metric: str) -> bool:
    """The direction of progress."""
    return metric != "loss" and bool(find("metrics", metric).higher_is_better)  # type: ignore[attr-defined]


def usual_target(results: Sequence[Result], metric: str, split: str) -> Target | None:
    """What the median of all runs reaches at its end on the split that is watched; None without a run that ended."""
    ends = [run.marks[-1].figures.get(split, {}).get(metric, math.nan) for r in results for run in r.counted if run.marks]
    finite = sorted(float(value) for value in ends if math.isfinite(value))
    if not finite:
        return None
    middle = finite[(len(finite) - 1) // 2] if higher_is_better(metric) else finite[len(finite) // 2]
    return Target(metric, split, middle, given=False)


def _middle(values: list[float]) -> float:
    """The median; infinite where one of the middle values is."""
    return median(values)
