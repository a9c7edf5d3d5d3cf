"""A step of a training, stopped in the middle: what forward and backward have left, and what the update makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.inside import Inside
from dllab.engine.network import Network
from dllab.engine.prepare import plan_of
from dllab.lab.suits import Unsuited
from dllab.plan.plan import HISTORY_STEPS
from dllab.recipe import Problem, Recipe, RecipeError
from dllab.runs.train import first_weights, ignore
from dllab.training.compiling import compile_ahead
from dllab.training.events import Event
from dllab.training.state import copied, net_views, optimizer_views, put
from dllab.training.trainer import Trainer

PROGRAM = "train"


def rows_of(trainer: Trainer, step: int) -> int:
    """How many examples the batch of a step (from 1) has: that of an epoch's last step may be smaller."""
    batch = trainer.question.batch
    return min(batch, len(trainer.rows) - (step - 1) % trainer.steps_per_epoch * batch)


class Moment:
    """Step `step` (from 1) of a recipe's training. `check`: what else may be refused before anything is trained.

    Raises Unsuited for a step that training does not have, RecipeError where it ends earlier than it should.

    Up to it the net is trained as `dllab train` does; the step itself is run in one shard, so that its buffers can be read.
    `before`, `after`: parameters; `gradients`: as backpropagation left them; `state_before`, `state`: of the optimizer, by
    `optimizer/<part>/<name>/<parameter>`. `inside`: the buffers before the update.
    """

    def __init__(
        self,
        recipe: Recipe,
        step: int = 1,
        *,
        seed: int | None = None,
        on_event: Callable[[Event], None] = ignore,
        trust: bool = False,
        check: Callable[[Trainer, int], None] = lambda trainer, step: None,
    ) -> None:
        if recipe.train.folds is not None:
            hint = "take the folds out with the override train.folds="
            raise RecipeError([Problem("a step belongs to one training, and the recipe asks for folds",
                                       recipe.place("train"), hint)])  # fmt: skip
        trainer = self.trainer = Trainer(recipe, seed=seed)
        self.recipe, self.step, self.data, self.seed = recipe, step, trainer.data, trainer.seed
        if step > trainer.steps:
            has = f"the training has {trainer.steps:,} step{'s' * (trainer.steps != 1)}"
            raise Unsuited(f"--step {step}: {has}", f"take a number from 1 to {trainer.steps:,}")
        check(trainer, step)
        if recipe.init_from is not None:
            trainer.begin_with(first_weights(trainer, None, False, on_event, trust))
        for event in trainer.up_to(step - 1):
            on_event(event)
        course = self.course = trainer.course
        if course.step < step - 1 or course.over:
            how = "diverges in" if course.status == "diverged" else "ends after"
            self._too_late(f"the training {how} step {course.step:,}", f"take an earlier one: --step {max(course.step, 1)}")
        self.network = Network(plan_of(recipe, dataclasses.replace(trainer.question, shards=1)), recipe)
        self._take()
        for compiling in compile_ahead(self.network.plan, (PROGRAM,)):
            on_event(compiling)
        self._run()

    def _too_late(self, fact: str, hint: str) -> None:
        raise RecipeError([Problem(f"there is no step {self.step:,}: {fact}", self.recipe.place("train"), hint)])

    def _take(self) -> None:
        """Weights, running state and the optimizer's state as the training has them now."""
        own, of = self.network, self.trainer.network
        put({**net_views(own), **optimizer_views(own)}, {**net_views(of), **optimizer_views(of)})

    def _run(self) -> None:
        trainer, network, step = self.trainer, self.network, self.step - 1
        base = trainer.rows
        bound = Bound(network.memory, PROGRAM, trainer.question.batch, trainer.columns, base.copy(), base=base)
        if not trainer.question.shuffle:
            bound.keep_order()
        self.rate = self.course.rate()
        self.epoch, self.rows = step // self.course.per_epoch + 1, rows_of(trainer, self.step)
        first = step % self.course.per_epoch * trainer.question.batch
        self.before, self.state_before = copied(dict(network.parameters)), copied(optimizer_views(network))
        self.inside = inside = Inside(network, bound, self.rows)
        bound.limit(inside.program.probe)
        executor.run(bound, step, step + 1, np.array([self.rate]))
        bound.limit(None)
        self.order = bound.arrays["order"][first : first + self.rows].copy()
        self.gradients = inside.gradients()
        self.overwritten = self._overwritten(bound)
        history = network.memory.arrays["history"].view(np.float64).reshape(2, HISTORY_STEPS)
        self.loss, self.norm = (float(line[step % HISTORY_STEPS]) for line in history)
        executor.run(bound, step, step + 1, np.array([self.rate]))
        self.after, self.state = copied(dict(network.parameters)), copied(optimizer_views(network))
        self.used = inside.gradients()

    def _overwritten(self, bound: Bound) -> dict[int, NDArray[Any]]:
        """Gradients in whose place a recurrent layer writes others as it goes back, as they were before, by id(value)."""
        program, step, found = bound.program, self.step - 1, dict[int, NDArray[Any]]()
        for place in range(program.backward, program.probe):
            operands = program.rows[place].operands
            reused = [operands[name] for name in ("dy_h", "dy_c") if name in operands and id(operands[name]) not in found]
            if reused:
                bound.limit(place)
                executor.run(bound, step, step + 1, np.array([self.rate]))
                found.update({id(value): self.inside.numbers(value) for value in reused})
        bound.limit(None)
        return found
