"""The course of a run: chunks of steps and evaluations, and all that must be remembered to go on at any point of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.pace import Pace
from dllab.plan.plan import HISTORY_STEPS
from dllab.training.divergence import find_origin
from dllab.training.early_stop import BestWeights, used_up
from dllab.training.events import EpochEnd, Event, Figures, Progress, Status
from dllab.training.state import BEST, TRAINER, State, copied, net_views, optimizer_views, put

if TYPE_CHECKING:
    from dllab.training.trainer import Trainer

LOSSES, WATCHED, LAST = TRAINER + "losses", TRAINER + "watched", TRAINER + "last"


class Course:
    """The moving parts of a run. `step`: done; `evaluated`: the step of the last evaluation, 0 before the first.

    Whenever an event has been told the state is whole: it can be taken, or training ended, and nothing is missing.
    `busy`: between two such points. `over`: no step is left to do. `first`: the step at which this process began.
    `until`: no step from this one on is done, as if the process were killed there. `every`: epochs from evaluation to
    evaluation; None: there are none, and no event tells of one.
    """

    def __init__(self, trainer: Trainer, bound: Bound, steps: int, per_epoch: int, every: int | None) -> None:
        self.trainer, self.bound = trainer, bound
        self.steps, self.per_epoch, self.every = steps, per_epoch, every
        self.step = self.evaluated = self.first = 0
        self.until = steps
        self.status: Status = "finished"
        self.busy = self.over = False
        self.pace = Pace()
        self.started, self._before = time.perf_counter(), 0.0
        options = trainer.recipe.train
        self.stop = options.early_stop
        self.best: BestWeights | None = None
        if self.stop is not None:
            self.best = BestWeights(self.stop.metric, self.stop.min_delta)
        elif options.checkpoint.best:
            self.best = BestWeights()
        self._losses: list[np.ndarray] = []
        self._watched: list[float] = []
        self._lowest = np.inf
        self._rate = self._norm = 0.0

    def begin(self) -> None:
        """The first step comes now."""
        self.started = time.perf_counter() - self._before

    def seconds(self) -> float:
        """Of training, without the time that listeners took."""
        return time.perf_counter() - self.started

    @property
    def epoch(self) -> int:
        """The epoch begun last, counted from 1."""
        return -(-self.step // self.per_epoch)

    # ---- what is remembered ------------------------------------------------------------------------------------------

    def state(self) -> State:
        """Everything the rest of the run depends on, copied."""
        network = self.trainer.network
        arrays = {**copied(net_views(network)), **copied(optimizer_views(network))}
        arrays[LOSSES] = np.concatenate([np.empty(0), *self._losses])
        arrays[WATCHED] = np.array(self._watched, np.float64)
        arrays[LAST] = np.array([self._rate, self._norm])
        facts: dict[str, Any] = {"step": self.step, "evaluated": self.evaluated, "seconds": self.seconds(), "best": None}
        if self.best is not None:
            arrays.update(self.best.arrays(network))
            facts["best"] = self.best.facts()
        return State(arrays, facts)

    def go_on(self, state: State) -> None:
        """Stand where a state was taken. Raises training.state.Unfit where it is that of another net or optimizer."""
        network, arrays = self.trainer.network, state.arrays
        views = {**net_views(network), **optimizer_views(network)}
        put(views, {name: a for name, a in arrays.items() if not name.startswith((BEST, TRAINER))})
        self.step = self.first = state.facts["step"]
        self.evaluated = state.facts["evaluated"]
        self._before = state.facts["seconds"]
        self._losses = [arrays[LOSSES]] if len(arrays[LOSSES]) else []
        self._watched = [float(value) for value in arrays[WATCHED]]
        self._lowest = min((value for value in self._watched if value == value), default=np.inf)
        self._rate, self._norm = (float(value) for value in arrays[LAST])
        if self.best is not None and state.facts["best"] is not None:
            self.best.go_on(network, arrays, state.facts["best"])

    # ---- the run -----------------------------------------------------------------------------------------------------

    def events(self) -> Iterator[Event]:
        """Chunks of steps up to the next evaluation, then the evaluation, until the end."""
        while self.evaluated < self.steps and not used_up(self.stop, self.best):
            target = self._next_evaluation()
            while self.step < target:
                if self.step >= self.until:
                    return
                self.busy = True
                stopped = self._advance(min(target, self.until))
                if stopped is not None:
                    self.step, self.status, self.over = stopped, "diverged", True
                    yield find_origin(self.bound, stopped, self.per_epoch)
                    return
                progress = self._progress()
                self.busy = False
                yield progress
            if self.every is None:
                self.evaluated, self.over, self._losses = self.step, True, []
                return
            self.busy = True
            end = self._epoch_end()
            self.over = self.step >= self.steps or used_up(self.stop, self.best)
            self.busy = False
            yield end
        if self.step < self.steps:
            self.status = "stopped"

    def _next_evaluation(self) -> int:
        """The first step after the last evaluation, and not behind, at which one is due."""
        if self.every is None:
            return self.steps
        interval = self.every * self.per_epoch
        return min(self.steps, -(-max(self.evaluated + 1, self.step) // interval) * interval)

    def _advance(self, target: int) -> int | None:
        """A chunk of steps; the step at which a check stopped it, or None."""
        last = min(target, self.step + min(self.pace.steps(), HISTORY_STEPS))
        rates = self._rates(self.step, last)
        stopped = self.pace.timed(lambda: executor.run(self.bound, self.step, last, rates), last - self.step)
        if stopped is None:
            self._losses.append(self.losses(self.step, last))
            self._norm = float(self._history(1, last - 1, last)[0])
            self._rate = float(rates[-1])
            self.step = last
        return stopped

    @property
    def best_step(self) -> int | None:
        """The step whose weights, the best ones, are put back at the end; None where nothing is."""
        back = self.stop is not None and self.stop.restore_best and self.status != "diverged"
        return self.best.step if back and self.best is not None else None

    def rate(self) -> float:
        """The learning rate of the next step."""
        return float(self._rates(self.step, self.step + 1)[0])

    def _rates(self, first: int, last: int) -> np.ndarray:
        schedule: Any = self.trainer.recipe.schedule
        factors = schedule.factors(np.arange(first, last), self.steps)
        if hasattr(schedule, "react"):
            factors = factors * schedule.react(self._watched)
        rates: np.ndarray = self.trainer.learning_rate * factors
        return rates

    def losses(self, first: int, last: int) -> np.ndarray:
        """Those of the batches of steps [first, last), the last HISTORY_STEPS of which are known."""
        return self._history(0, first, last)

    def _history(self, line: int, first: int, last: int) -> np.ndarray:
        ring: np.ndarray = self.bound.memory.arrays["history"].view(np.float64).reshape(2, HISTORY_STEPS)[line]
        return ring[np.arange(first, last) % HISTORY_STEPS].copy()

    def _progress(self) -> Progress:
        loss = float(self._losses[-1].mean())
        return Progress(self.step, self.steps, self.epoch, loss, self._rate, self._norm, self.seconds())

    def _epoch_end(self) -> EpochEnd:
        watched = self.trainer.watched
        figures: Figures = {watched: self.trainer.evaluator.evaluate(watched)}
        loss = float(np.concatenate(self._losses).mean())
        value = float(figures[watched]["loss"])
        best = value < self._lowest
        end = EpochEnd(self.epoch, self.step, loss, self._rate, self._norm, figures, self.seconds(), best)
        self._lowest = value if best else self._lowest
        self._losses = []
        self._watched.append(value)
        self.evaluated = self.step
        if self.best is not None:
            self.best.seen(end, self.trainer.network)
        return end
