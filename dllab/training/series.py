"""Trains one recipe again and again, with other seeds, learning rates, schedules and lengths, at the cost of the steps.

A sweep over them needs one plan: what is planned, bound and compiled for the first run serves the others. The bits are
those of a Trainer's run; only what nobody looks at in a sweep is left out: evaluations between the steps, unless the run
itself listens to them (early stopping, the best weights, a plateau schedule).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dllab.engine import executor
from dllab.engine.pace import Pace
from dllab.training.compiling import load_kernels
from dllab.training.course import Course
from dllab.training.events import Compiling, Diverged, EpochEnd, Figures, Status
from dllab.training.trainer import Trainer, interval_of, length_of

if TYPE_CHECKING:
    from dllab.data.dataset import Prepared
    from dllab.recipe import Recipe
    from dllab.training.transfer import Source


LOOKS = 10
"""Evaluations of a run that somebody watches."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended: as training.events.Finished has it. `diverged`: where, if it did. `seconds`: of its steps.

    `given_up`: it was stopped from outside, because it was not good enough.
    """

    status: Status
    steps: int
    figures: Figures
    seconds: float
    diverged: Diverged | None = None
    given_up: bool = False


class Stopped(Exception):
    """A run that nobody wants any more."""


class Series:
    """Trains recipes with the same `key` as `recipe`, one after the other, in one thread at a time.

    `data`: instead of the recipe's own. `on_event` is told what is being compiled. A recipe with `init_from` needs
    `begin_with`. Raises RecipeError, as Trainer.
    """

    def __init__(
        self, recipe: Recipe, *, data: Prepared | None = None, on_event: Callable[[Compiling], None] | None = None
    ) -> None:
        self._trainer = Trainer(recipe, data=data)
        for event in load_kernels(self._trainer.network.plan):
            if on_event is not None:
                on_event(event)
        self._source: Source | None = None
        self._bound, self._pace = self._trainer.bind(), Pace()

    @staticmethod
    def key(recipe: Recipe) -> str:
        """What recipes must have in common to be trained by one Series."""
        apart = getattr(recipe.optimizer[-1], "rate_apart", False)
        said = (with_rate(recipe, 1.0) if apart else recipe).resolved()
        for name in ("about", "schedule", "expect"):
            said.pop(name, None)
        for name in ("seed", "epochs", "steps", "evaluate_every", "early_stop", "checkpoint"):
            said["train"].pop(name, None)
        return json.dumps([said, str(recipe.source_path and recipe.source_path.parent), recipe.used], default=str)

    @property
    def trainer(self) -> Trainer:
        """That of the last run, whose network is trained."""
        return self._trainer

    def begin_with(self, source: Source) -> None:
        """The weights that the recipe's `init_from` names. Raises RecipeError where none fits."""
        self._trainer.begin_with(source)
        self._source = source

    def train(self, recipe: Recipe, seed: int | None = None, *, wanted: Callable[[], bool] = lambda: True,
              good: Callable[[EpochEnd], bool] | None = None) -> Outcome:  # fmt: skip
        """One run, with the bits of `Trainer(recipe, seed=seed)`; on this thread alone.

        Raises Stopped as soon as `wanted` says no. `good` is asked at every evaluation, about LOOKS of them where the
        recipe does not say when; the run stops where it says no.
        """
        trainer = self._trainer
        trainer.recipe, trainer.seed = recipe, recipe.train.seed if seed is None else seed
        trainer.steps_per_epoch, trainer.steps = length_of(recipe, len(trainer.rows), trainer.question.batch)
        trainer.network.initialise(trainer.seed)
        if recipe.init_from is not None and self._source is not None:
            trainer.begin_with(self._source)
        self._bound.begin_anew()
        trainer.evaluator.begin_anew()
        every = _every(recipe, trainer, good is not None)
        course = Course(trainer, self._bound, trainer.steps, trainer.steps_per_epoch, every)
        course.pace = self._pace
        diverged, given_up = None, False
        with executor.one_thread():
            course.begin()
            for event in course.events():
                diverged = event if isinstance(event, Diverged) else diverged
                if not wanted():
                    raise Stopped
                if good is not None and isinstance(event, EpochEnd) and not (good(event) or course.over):
                    course.status, given_up = "stopped", True
                    break
            seconds = course.seconds()
            end = trainer.finish(course)
        return Outcome(end.status, end.steps, end.figures, seconds, diverged, given_up)


def _every(recipe: Recipe, trainer: Trainer, watched: bool) -> int | None:
    """Every how many epochs a run is evaluated; None: not before its end."""
    if _listens(recipe):
        return interval_of(recipe, trainer.steps_per_epoch)
    if not watched:
        return None
    return recipe.train.evaluate_every or max(1, -(-trainer.steps // trainer.steps_per_epoch) // LOOKS)


def _listens(recipe: Recipe) -> bool:
    """Whether a run goes by its own evaluations."""
    return recipe.train.early_stop is not None or recipe.train.checkpoint.best or hasattr(recipe.schedule, "react")


def with_rate(recipe: Recipe, lr: float) -> Recipe:
    """The recipe with another learning rate of its optimizer. Raises ValueError for one that is none."""
    *links, last = recipe.optimizer
    options: dict[str, Any] = {**last.model_dump(), "lr": lr}
    return dataclasses.replace(recipe, optimizer=(*links, type(last).model_validate(options)))
