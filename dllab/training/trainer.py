"""Trains a recipe and tells what happens as events. The same seed gives the same events, whatever the machine's pace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from dllab.catalogue import find
from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.engine.pace import Pace
from dllab.engine.prepare import plan_of, prepared
from dllab.engine.question import INPUTS, TARGETS, question_of
from dllab.metrics.metric import Metric
from dllab.plan.plan import HISTORY_STEPS
from dllab.recipe import Problem, Recipe, RecipeError
from dllab.symbols import COLUMN
from dllab.training.compiling import compile_ahead
from dllab.training.demands import check_demands
from dllab.training.divergence import find_origin
from dllab.training.early_stop import EarlyStopper
from dllab.training.evaluate import Evaluator
from dllab.training.events import EpochEnd, Event, Figures, Finished, Progress, Started, Status

if TYPE_CHECKING:
    from dllab.data.dataset import Prepared

EVALUATIONS = 100
"""Unless the recipe says `evaluate_every`, a run is evaluated about this often."""

USUAL_METRICS = {"classification": ("accuracy",), "regression": ("mae", "rmse", "r2")}


class Trainer:
    """One training run of one recipe. Iterate over `events()` once; `network` is trained when it ends.

    `seed`, `data`: instead of the recipe's; data are its own data set split in another way, as for a fold.
    Raises RecipeError for what only shows with the data: shapes that do not fit, a split that is missing.
    """

    def __init__(self, recipe: Recipe, *, seed: int | None = None, data: Prepared | None = None) -> None:
        data = data or prepared(recipe)
        if data is None:
            hint = "give it data:, or use `dllab summary` and `dllab gradcheck`, which need none"
            raise RecipeError([Problem("this recipe has no data to train on", recipe.place("input"), hint)])
        self.recipe, self.data = recipe, data
        self.seed = recipe.train.seed if seed is None else seed
        names = [m.name for m in recipe.metrics] if recipe.metrics else USUAL_METRICS[data.dataset.task]
        chosen = recipe.metrics or tuple(find("metrics", name)() for name in names)
        self.metrics: tuple[Metric, ...] = chosen  # type: ignore[assignment]
        check_demands(recipe, data, self.metrics)
        self.question = question_of(recipe, data, seed=self.seed)
        self.network = Network(plan_of(recipe, self.question), recipe)
        self.columns = self._columns()
        self.evaluator = Evaluator(self.network, self.columns, data.splits, data.dataset.columns[TARGETS], self.metrics)

    def events(self) -> Iterator[Event]:
        """The run, from Started to Finished."""
        recipe, train = self.recipe, self.data.splits.train
        per_epoch = -(-len(train) // self.question.batch)
        steps = recipe.train.steps or (recipe.train.epochs or 1) * per_epoch
        epochs = -(-steps // per_epoch)
        every = recipe.train.evaluate_every or self._usual_interval(epochs)
        splits = {name: len(getattr(self.data.splits, name)) for name in ("train", "validation", "test")}
        rows = {name: count for name, count in splits.items() if count}
        metrics = tuple(m.name for m in self.metrics)
        loss = self.question.loss.name if self.question.loss else ""
        yield from compile_ahead(self.network.plan, ("train", "evaluate"))
        yield Started(recipe, self.network, epochs, steps, per_epoch, rows, metrics, loss)

        bound = Bound(self.network.memory, "train", self.question.batch, self.columns, train.copy(), base=train)
        if not self.question.shuffle:
            bound.keep_order()
        run = _Run(self, bound, steps, per_epoch, every)
        for event in run.events():
            told = time.perf_counter()
            yield event
            run.started += time.perf_counter() - told  # who listens (a picture, say) takes time that is not training's
        yield self._finish(run)

    def _usual_interval(self, epochs: int) -> int:
        watched = self.recipe.train.early_stop is not None or self.recipe.schedule.name == "plateau"
        return 1 if watched else max(1, epochs // EVALUATIONS)

    def _columns(self) -> dict[str, np.ndarray]:
        data = self.data
        columns: dict[str, Any] = {COLUMN + name: values for name, values in data.dataset.columns.items()}
        if data.shift is not None and data.scale is not None:
            columns[COLUMN + INPUTS + ":shift"] = data.shift.astype(self.network.dtype)
            columns[COLUMN + INPUTS + ":scale"] = data.scale.astype(self.network.dtype)
        return columns

    def _finish(self, run: _Run) -> Finished:
        if run.stopper is not None and run.status != "diverged":
            run.stopper.restore(self.network)
        figures = {name: self.evaluator.evaluate(name) for name in self.evaluator.splits}
        expected = {}
        for name, stated in self.recipe.expect.items():
            split, _, metric = name.partition("_")
            if metric in figures.get(split, {}):
                expected[name] = (float(stated), float(figures[split][metric]))
        best = run.stopper.best_epoch if run.stopper is not None else None
        epochs = -(-run.step // run.per_epoch)
        return Finished(run.status, epochs, run.step, run.seconds(), figures, best, expected)


class _Run:
    """The moving parts of a run: the step reached, the pace, the learning rate."""

    def __init__(self, trainer: Trainer, bound: Bound, steps: int, per_epoch: int, every: int) -> None:
        self.trainer, self.bound = trainer, bound
        self.steps, self.per_epoch, self.every = steps, per_epoch, every
        self.step = 0
        self.status: Status = "finished"
        self.pace = Pace()
        self.started = time.perf_counter()
        stop = trainer.recipe.train.early_stop
        self.stopper = EarlyStopper(stop) if stop is not None else None
        self._losses: list[np.ndarray] = []
        self._watched: list[float] = []
        self._best = np.inf

    def seconds(self) -> float:
        """Since the first step, without the time that listeners took."""
        return time.perf_counter() - self.started

    def events(self) -> Iterator[Event]:
        """Chunks of steps up to the next evaluation, then the evaluation, until the end."""
        while self.step < self.steps:
            epoch = self.step // self.per_epoch
            target = min(self.steps, (epoch // self.every + 1) * self.every * self.per_epoch)
            while self.step < target:
                last = min(target, self.step + min(self.pace.steps(), HISTORY_STEPS))
                rates = self._rates(self.step, last)
                stopped = self.pace.timed(lambda: executor.run(self.bound, self.step, last, rates), last - self.step)  # noqa: B023
                if stopped is not None:
                    self.step, self.status = stopped, "diverged"
                    yield find_origin(self.bound, stopped, self.per_epoch)
                    return
                self._losses.append(self._history(0, self.step, last))
                self.step = last
                yield self._progress(float(rates[-1]))
            end = self._epoch_end(float(rates[-1]))
            yield end
            if self.stopper is not None and self.stopper.seen(end, self.trainer.network):
                self.status = "stopped"
                return

    def _rates(self, first: int, last: int) -> np.ndarray:
        schedule: Any = self.trainer.recipe.schedule
        factors = schedule.factors(np.arange(first, last), self.steps)
        if hasattr(schedule, "react"):
            factors = factors * schedule.react(self._watched)
        rates: np.ndarray = self.trainer.network.learning_rate * factors
        return rates

    def _history(self, line: int, first: int, last: int) -> np.ndarray:
        ring: np.ndarray = self.bound.memory.arrays["history"].view(np.float64).reshape(2, HISTORY_STEPS)[line]
        return ring[np.arange(first, last) % HISTORY_STEPS].copy()

    def _progress(self, rate: float) -> Progress:
        norm = float(self._history(1, self.step - 1, self.step)[0])
        loss, epoch = float(self._losses[-1].mean()), (self.step - 1) // self.per_epoch + 1
        return Progress(self.step, self.steps, epoch, loss, rate, norm, self.seconds())

    def _epoch_end(self, rate: float) -> EpochEnd:
        evaluator = self.trainer.evaluator
        watched = "validation" if "validation" in evaluator.splits else "train"
        figures: Figures = {watched: evaluator.evaluate(watched)}
        loss = float(np.concatenate(self._losses).mean())
        self._losses = []
        value = float(figures[watched]["loss"])
        best = value < self._best
        self._best = min(value, self._best)
        self._watched.append(value)
        norm = float(self._history(1, self.step - 1, self.step)[0])
        epoch = -(-self.step // self.per_epoch)
        return EpochEnd(epoch, self.step, loss, rate, norm, figures, self.seconds(), best)
