"""Trains a recipe and tells what happens as events. The same seed gives the same events, whatever the machine's pace."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from dllab.catalogue import find
from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.engine.prepare import data_of, plan_of
from dllab.engine.question import INPUTS, TARGETS, question_of
from dllab.metrics.metric import Metric
from dllab.recipe import Problem, Recipe, RecipeError
from dllab.symbols import COLUMN, CONTINUES, TABLE
from dllab.training.compiling import compile_ahead
from dllab.training.course import Course
from dllab.training.demands import check_demands
from dllab.training.evaluate import Evaluator
from dllab.training.events import EpochEnd, Event, Finished, Started
from dllab.training.lanes import lanes, splits_in_lanes
from dllab.training.state import State
from dllab.training.transfer import Source, beginning, take

if TYPE_CHECKING:
    from dllab.data.dataset import Prepared
    from dllab.plan.plan import Plan
    from dllab.plan.probes import Probe

    Watch = Callable[[Plan, int], tuple[tuple[Probe, ...], int]]
    """From a plan without probes and the number of steps: probes, and every how many steps they look."""

EVALUATIONS = 100
"""Unless the recipe says `evaluate_every`, a run is evaluated about this often."""

USUAL_METRICS = {"classification": ("accuracy",), "regression": ("mae", "rmse", "r2")}


class Trainer:
    """One training run of one recipe. Iterate over `events()` once; `network` is trained when it ends.

    With `start` it goes on from there, to the same bits as the run that the state was taken from; `history` are that
    run's evaluations, for listeners. `seed`, `data`: instead of the recipe's; data are its own data set split in another
    way, as for a fold. `watch`: what probes to put into a plan, and every how many steps they look. `course` is there from
    the first event that is not Compiling. A recipe with `init_from` needs `begin_with` before that.

    Raises RecipeError for what only shows with the data: shapes that do not fit, a split that is missing; `events`
    raises training.state.Unfit for a state of another net or optimizer.
    """

    course: Course

    def __init__(
        self,
        recipe: Recipe,
        *,
        seed: int | None = None,
        data: Prepared | None = None,
        start: State | None = None,
        history: tuple[EpochEnd, ...] = (),
        watch: Watch | None = None,
    ) -> None:
        data = data or data_of(recipe, "to train on")
        self.recipe, self.data = recipe, data
        self._start, self._history = start, history
        self.seed = recipe.train.seed if seed is None else seed
        self.metrics = metrics_of(recipe, data.dataset.task)
        check_demands(recipe, data, self.metrics)
        self.question = question_of(recipe, data, seed=self.seed)
        self.rows, splits = data.splits.train, data.splits
        continues: dict[str, np.ndarray] = {}
        if recipe.train.carry_state:
            self.rows, _ = lanes(splits.train, data.dataset.rows, self.question.batch)
            splits, continues[CONTINUES] = splits_in_lanes(splits, data.dataset.rows, self.question.batch)
        self.steps_per_epoch, self.steps = length_of(recipe, len(self.rows), self.question.batch)
        plan = plan_of(recipe, self.question)
        if watch is not None:
            probes, every = watch(plan, self.steps)
            self.question = dataclasses.replace(self.question, probes=probes, probe_every=every)
            plan = plan_of(recipe, self.question)
        self.network = Network(plan, recipe)
        self.beginning = beginning(self.network)
        columns = {**data.dataset.columns, **continues}
        self.columns = columns_of(columns, data, self.network.dtype, data.dataset.tables)
        targets = data.dataset.columns[TARGETS]
        self.evaluator = Evaluator(self.network, self.columns, splits, targets, self.metrics, data.natural)

    def begin_with(self, source: Source) -> None:
        """Take the weights that the recipe's `init_from` names. Raises RecipeError where none fits."""
        self.beginning = take(self.recipe, self.network, source)

    def events(self) -> Iterator[Event]:
        """The run, from Started to Finished."""
        if self.recipe.init_from is not None and self._start is None and self.beginning.origin is None:
            hint = "train it with `dllab train`, or begin anew with the override init_from="
            problem = Problem("init_from: its weights were not put in", self.recipe.place("init_from"), hint)
            raise RecipeError([problem])
        yield from compile_ahead(self.network.plan, ("train", "evaluate"))
        course = self.course = self._course()
        if self._start is not None:
            course.go_on(self._start)
        splits = {name: len(getattr(self.data.splits, name)) for name in ("train", "validation", "test")}
        yield Started(
            recipe=self.recipe,
            network=self.network,
            epochs=-(-course.steps // course.per_epoch),
            steps=course.steps,
            steps_per_epoch=course.per_epoch,
            rows={name: count for name, count in splits.items() if count},
            metrics=tuple(m.name for m in self.metrics),
            loss=self.question.loss.name if self.question.loss else "",
            first=course.first,
            history=self._history,
            beginning=self.beginning,
        )
        course.begin()
        for event in course.events():
            told = time.perf_counter()
            yield event
            course.started += time.perf_counter() - told  # who listens (a picture, say) takes time that is not training's
        yield self.finish(course)

    @property
    def watched(self) -> str:
        """The split that is evaluated on the way."""
        return "validation" if "validation" in self.evaluator.splits else "train"

    @property
    def learning_rate(self) -> float:
        """The optimizer's own rate, before any schedule."""
        return float(getattr(self.recipe.optimizer[-1], "lr", 0.0))

    def up_to(self, step: int) -> Iterator[Event]:
        """The run's first steps, so many of them, to the bits of `events`; `course` then stands before the next."""
        yield from compile_ahead(self.network.plan, ("train", "evaluate"))
        course = self.course = self._course()
        course.until = step
        course.begin()
        yield from course.events()

    def bind(self) -> Bound:
        """The training program over the training rows."""
        train = self.rows
        bound = Bound(self.network.memory, "train", self.question.batch, self.columns, train.copy(), base=train)
        if not self.question.shuffle:
            bound.keep_order()
        return bound

    def _course(self) -> Course:
        return Course(self, self.bind(), self.steps, self.steps_per_epoch, interval_of(self.recipe, self.steps_per_epoch))

    def finish(self, course: Course) -> Finished:
        """How a run ended, with the figures of all splits; after the best weights are put back, if that is asked for."""
        if course.best is not None and course.best_step is not None:
            course.best.restore(self.network)
        figures = {name: self.evaluator.evaluate(name) for name in self.evaluator.splits}
        expected = {}
        for name, stated in self.recipe.expect.items():
            split, _, metric = name.partition("_")
            if metric in figures.get(split, {}):
                expected[name] = (float(stated), float(figures[split][metric]))
        best = course.best.epoch if course.best is not None else None
        return Finished(course.status, course.epoch, course.step, course.seconds(), figures, best, expected)


def length_of(recipe: Recipe, rows: int, batch: int) -> tuple[int, int]:
    """The steps of an epoch over so many training rows, and those of the run."""
    per_epoch = -(-rows // batch)
    return per_epoch, recipe.train.steps or (recipe.train.epochs or 1) * per_epoch


def interval_of(recipe: Recipe, per_epoch: int) -> int:
    """Every how many epochs a run is evaluated, of so many steps each."""
    epochs = recipe.train.epochs or 1 if recipe.train.steps is None else -(-recipe.train.steps // per_epoch)
    watched = recipe.train.early_stop is not None or recipe.schedule.name == "plateau"
    return recipe.train.evaluate_every or (1 if watched else max(1, epochs // EVALUATIONS))


def metrics_of(recipe: Recipe, task: str) -> tuple[Metric, ...]:
    """The metrics that a recipe names, or the usual ones of a task, if there is one thing to compare with the other."""
    usual = USUAL_METRICS[task] if getattr(recipe.loss, "measured", True) else ()
    chosen: Any = recipe.metrics or tuple(find("metrics", name)() for name in usual)
    return tuple(chosen)


def columns_of(values: Mapping[str, np.ndarray], scaling: Any, dtype: np.dtype[Any],
               tables: Mapping[str, np.ndarray] = MappingProxyType({})) -> dict[str, np.ndarray]:  # fmt: skip
    """Inputs, targets and what comes beside them as columns of a program, with the scaling applied as they are read.

    `scaling` has `shift`, `scale`, `target_shift` and `target_scale`, as data.dataset.Prepared.
    """
    columns = {COLUMN + name: column for name, column in values.items()}
    columns.update({COLUMN + name + TABLE: table for name, table in tables.items()})
    pairs = ((INPUTS, scaling.shift, scaling.scale), (TARGETS, scaling.target_shift, scaling.target_scale))
    for name, shift, scale in pairs:
        if shift is not None and scale is not None:
            columns[COLUMN + name + ":shift"] = shift.astype(dtype)
            columns[COLUMN + name + ":scale"] = scale.astype(dtype)
    return columns
