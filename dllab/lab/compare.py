"""Trains contenders with the same data, first weights and batches for every seed, and compares what they reach.

Rates that are open are searched for first, with the same number of runs for every contender (rate_search.py). A run's seed
draws first weights, order of rows and dropout, so contenders of one net begin alike and see the same batches. No bit
depends on the number of threads.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dllab.data.dataset import Prepared
from dllab.engine import budget
from dllab.lab.comparison import (
    Comparison,
    Mark,
    Result,
    Run,
    Target,
    higher_is_better,
    usual_target,
)
from dllab.lab.contenders import Contender, Unfit, usual_rate
from dllab.lab.crew import Crew, jobs_for
from dllab.lab.questions import (
    apart,
    common_figures,
    figure_of,
    grain_of,
    losses_differ,
    same_batches,
    same_weights,
    watched_by_all,
)
from dllab.lab.rate_search import Tried, Tuning, band_of, best_of, search, tuning_data, tuning_seed
from dllab.runs.train import first_weights
from dllab.training.compiling import load_kernels
from dllab.training.events import Compiling, Diverged, EpochEnd, Finished, FirstTraining, Progress
from dllab.training.series import Series
from dllab.training.trainer import Trainer
from dllab.training.transfer import Source


@dataclass(frozen=True)
class Searching:
    """A rate was tried, judged by `metric`; `done` of `of` runs of all searches, `each` runs a search."""

    contender: Contender
    tried: Tried
    metric: str
    done: int
    of: int
    each: int


@dataclass(frozen=True)
class RaceStarted:
    """Rates are known, and the runs that are compared begin. `metric` of `split` judges them; `steps`: of the longest.

    `watched`: the split that all are evaluated on, on their way; None: they have other rows. `losses_differ`: values of the
    loss tell nothing about each other.
    """

    contenders: tuple[Contender, ...]
    seeds: tuple[int, ...]
    metric: str
    split: str
    watched: str | None
    steps: int
    losses_differ: bool


@dataclass(frozen=True)
class Passed:
    """A run came to an evaluation."""

    contender: int
    seed: int
    mark: Mark


@dataclass(frozen=True)
class RunEnded:
    """A run has ended."""

    run: Run
    done: int
    of: int


@dataclass(frozen=True)
class Share:
    """How far all runs together are; `work` in runs, with fractions."""

    work: float
    of: int


CompareEvent = Compiling | FirstTraining | Searching | RaceStarted | Passed | RunEnded | Share


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a comparison; `result` has what had ended, or is None while rates were searched for."""

    def __init__(self, result: Comparison | None) -> None:
        super().__init__("the comparison was interrupted")
        self.result = result


@dataclass(frozen=True)
class Wanted:
    """What is asked for. `metric`: what the verdict is about (None: the first of all); `target`: metric and value.

    `tune`: runs of each search. `together`: contenders of one seed go on in turn, so that a race can be watched; `hold`: as
    of a Crew, with the share that is done.
    """

    seeds: tuple[int, ...]
    tune: int = 8
    metric: str | None = None
    target: tuple[str, float] | None = None
    jobs: int | None = None
    together: bool = False
    hold: Callable[[float], None] | None = None


def compare(contenders: Sequence[Contender], wanted: Wanted, listen: Callable[[CompareEvent], None],
            trust: bool = False) -> Comparison:  # fmt: skip
    """Search for open rates, train everybody with every seed, and return what came out.

    Raises Unfit for what cannot be compared, RecipeError for a recipe that cannot be trained, Interrupted after Ctrl-C.
    """
    return _Comparing(contenders, wanted, listen, trust).result()


class _Comparing:
    """A comparison under way."""

    def __init__(self, contenders: Sequence[Contender], wanted: Wanted, listen: Callable[[CompareEvent], None],
                 trust: bool) -> None:  # fmt: skip
        self.contenders, self.wanted, self.listen = list(contenders), wanted, listen
        self.began = time.perf_counter()
        self.sources: dict[int, Source | None] = {}
        self.trainers = [self._first_trainer(number, trust) for number in range(len(contenders))]
        self.metric, self.split = figure_of(self.trainers, wanted.metric)
        self.apart = apart(self.trainers, [one.name for one in contenders], self.metric, self.split)
        self.watched = watched_by_all(self.trainers)
        if self.watched is None and wanted.target is not None:
            raise Unfit("--target: not all that is compared is evaluated on the same rows on its way",
                        "leave --target out; figures at the end are compared without one")  # fmt: skip
        common = common_figures(self.trainers)
        if wanted.target is not None and wanted.target[0] not in common:
            raise Unfit(f"--target: there is no figure {wanted.target[0]!r}", f"the figures are {', '.join(common)}")
        needed = budget.bytes_needed(self.trainers[0].network.plan) * (len(contenders) if wanted.together else 1)
        self.runs: dict[tuple[int, int], Run] = {}
        self.tuning: Tuning | None = None
        self.tried: dict[int, list[Tried]] = {}
        groups = len(wanted.seeds) if wanted.together else len(wanted.seeds) * len(contenders)
        self.jobs = jobs_for(wanted.jobs, groups, needed)
        self.steps = max(trainer.steps for trainer in self.trainers)
        self.shares: dict[tuple[int, int], float] = {}
        self.under_way: dict[tuple[int, int], list[Mark]] = {}

    def _first_trainer(self, number: int, trust: bool) -> Trainer:
        """Tells what is wrong with a recipe before anything is trained, and finds the weights it begins with."""
        trainer = Trainer(self.contenders[number].recipe, seed=self.wanted.seeds[0])
        self.sources[number] = None
        if trainer.recipe.init_from is not None:

            def told(event: object) -> None:
                if isinstance(event, Compiling | FirstTraining):
                    self.listen(event)

            self.sources[number] = first_weights(trainer, None, False, told, trust)
        return trainer

    def result(self) -> Comparison:
        """Do it all, to whatever end."""
        racing = False
        try:
            for trainer in self.trainers:
                for event in load_kernels(trainer.network.plan):
                    self.listen(event)
            self._search()
            racing = True
            self._race()
        except KeyboardInterrupt:
            raise Interrupted(self._came_to("interrupted") if racing else None) from None
        return self._came_to("finished")

    # ---- rates -----------------------------------------------------------------------------------------------------------

    def _search(self) -> None:
        """Find a rate for every contender that has none yet."""
        numbers = [number for number, one in enumerate(self.contenders) if one.tune]
        if not numbers:
            return
        first = self.contenders[numbers[0]].recipe
        data, split, held, why_none = tuning_data(first, self.trainers[numbers[0]].data)
        seed = tuning_seed(self.wanted.seeds)
        fresh = Trainer(first, seed=seed, data=data)
        untrained = float(fresh.evaluator.evaluate(split)[self.metric])
        runs = self.wanted.tune
        self.tuning = Tuning(runs, seed, split, self.metric, held, len(data.splits.train), untrained, why_none)
        self.tried = {number: [] for number in numbers}
        crew: Crew[tuple[int, Tried]] = Crew(jobs_for(self.wanted.jobs, len(numbers), 0))
        pieces = [[self._searching(number, data, self.tuning)] for number in numbers]
        with contextlib.closing(crew.work(pieces)) as messages:
            for message in messages:
                if message is not None:
                    number, tried = message
                    self.tried[number].append(tried)
                    done = sum(map(len, self.tried.values()))
                    self.listen(Searching(self.contenders[number], tried, self.metric, done, runs * len(numbers), runs))
                else:
                    self.listen(Share(sum(map(len, self.tried.values())), runs * len(numbers)))
        for number in numbers:
            best = best_of(self.tried[number], higher_is_better(self.metric))
            self.contenders[number] = self.contenders[number].at(best.lr)

    def _searching(self, number: int, data: Prepared, tuning: Tuning) -> Iterator[tuple[int, Tried]]:
        """All runs of one contender's search, in a thread."""
        contender, source = self.contenders[number], self.sources[number]
        planned: dict[str, Series] = {}  # of most optimizers one serves all rates

        def train(lr: float) -> Tried:
            recipe = contender.at(lr).recipe
            key = Series.key(recipe)
            if key not in planned:
                planned[key] = Series(recipe, data=data)
                if source is not None:
                    planned[key].begin_with(source)
            end = planned[key].train(recipe, tuning.seed)
            found = end.figures[tuning.split] if end.status != "diverged" else {}
            value, loss = (float(found.get(name, math.nan)) for name in (self.metric, "loss"))
            return Tried(lr, end.status, value, loss)

        for tried in search(usual_rate(contender.recipe), tuning.runs, higher_is_better(self.metric), train):
            yield number, tried

    # ---- the runs that are compared --------------------------------------------------------------------------------------

    def _race(self) -> None:
        wanted, seeds = self.wanted, self.wanted.seeds
        of = len(seeds) * len(self.contenders)
        differ = losses_differ(self.trainers)
        self.listen(RaceStarted(tuple(self.contenders), seeds, self.metric, self.split, self.watched, self.steps, differ))
        hold = wanted.hold
        crew: Crew[Passed | Run] = Crew(self.jobs, None if hold is None else lambda: hold(self._done() / of))
        pieces = [[self._run(number, seed, crew) for number in range(len(self.contenders))] for seed in seeds]
        if not wanted.together:
            pieces = [[piece] for group in pieces for piece in group]
        with contextlib.closing(crew.work(pieces)) as messages:
            for message in messages:
                if isinstance(message, Run):
                    self.runs[message.contender, message.seed] = message
                    self.listen(RunEnded(message, len(self.runs), of))
                elif message is not None:
                    self.listen(message)
                self.listen(Share(self._done(), of))

    def _done(self) -> float:
        return sum(list(self.shares.values()))

    def _run(self, number: int, seed: int, crew: Crew[Passed | Run]) -> Iterator[Passed | Run]:
        """One run, in a thread; stands still at each of its evaluations."""
        trainer = Trainer(self.contenders[number].recipe, seed=seed)
        source = self.sources[number]
        if source is not None:
            trainer.begin_with(source)
        marks = self.under_way[number, seed] = []
        diverged = None
        for event in trainer.events():
            if crew.stopped:
                return
            if isinstance(event, Progress):
                self.shares[number, seed] = event.step / event.steps
            elif isinstance(event, Diverged):
                diverged = event
            elif isinstance(event, EpochEnd):
                marks.append(Mark(event.step, event.seconds, event.loss, event.figures))
                yield Passed(number, seed, marks[-1])
            elif isinstance(event, Finished):
                self.shares[number, seed] = 1.0
                yield Run(number, seed, event.status, event.steps, event.seconds, event.figures, tuple(marks), diverged)

    # ---- the result ------------------------------------------------------------------------------------------------------

    def _came_to(self, status: str) -> Comparison:
        results = [self._result(number) for number in range(len(self.contenders))]
        target = None if self.watched is None else usual_target(results, self.metric, self.watched)
        if self.watched is not None and self.wanted.target is not None:
            metric, value = self.wanted.target
            target = Target(metric, self.watched, value, given=True)
        names = list(dict.fromkeys(one.recipe.name for one in self.contenders))
        return Comparison(
            recipe=names[0] if len(names) == 1 else ", ".join(names), metric=self.metric, split=self.split,
            watched=self.watched, seeds=self.wanted.seeds, results=tuple(results), target=target, tuning=self.tuning,
            grain=grain_of(self.trainers[0], self.metric, self.split), status=status,
            seconds=time.perf_counter() - self.began, jobs=self.jobs,
            steps=self.steps, apart=self.apart, losses_differ=losses_differ(self.trainers),
            same_weights=same_weights(self.trainers), same_batches=same_batches(self.trainers), cut=self._cut(),
        )  # fmt: skip

    def _cut(self) -> tuple[Run, ...]:
        """Runs that did not come to their end."""
        marks_of = list(self.under_way.items())  # a thread that takes long to stop may add to it
        left = {key: tuple(marks) for key, marks in marks_of if key not in self.runs and marks}
        return tuple(
            Run(number, seed, "interrupted", marks[-1].step, marks[-1].seconds, marks[-1].figures, marks)
            for (number, seed), marks in sorted(left.items())
        )

    def _result(self, number: int) -> Result:
        runs = tuple(self.runs[number, seed] for seed in self.wanted.seeds if (number, seed) in self.runs)
        tried, band = tuple(self.tried.get(number, ())), None
        if tried and self.tuning is not None:
            higher = higher_is_better(self.metric)
            best = best_of([one for other in self.tried.values() for one in other], higher).value
            band = band_of(tried, higher, self.tuning.untrained, best)
        return Result(self.contenders[number], runs, tried, band)
