"""How long a training takes down to a loss, read as often as one likes: in updates, in epochs and in seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dllab.engine import executor
from dllab.plan.plan import HISTORY_STEPS
from dllab.recipe import Recipe
from dllab.training.compiling import compile_ahead
from dllab.training.trainer import Trainer


@dataclass(frozen=True)
class Until:
    """When the loss of all training rows is first read below a target; NaN: never. `epochs` counts parts of one, too.

    `seconds`: of the updates alone.
    """

    updates: float
    epochs: float
    seconds: float


NEVER = Until(math.nan, math.nan, math.nan)


def until(recipe: Recipe, target: float, seeds: Iterable[int], every: int = 1) -> list[Until]:
    """Train a recipe with each of the seeds, at its optimizer's own rate; the loss is read after every so many updates."""
    trainer = Trainer(recipe)
    for _ in compile_ahead(trainer.network.plan, ("train", "evaluate")):
        pass
    bound, rows, batch = trainer.bind(), len(trainer.rows), trainer.question.batch
    every = min(every, HISTORY_STEPS)

    def one(seed: int) -> Until:
        trainer.network.initialise(seed)
        bound.begin_anew()
        trainer.evaluator.begin_anew()
        seconds = 0.0
        for first in range(0, trainer.steps, every):
            last = min(first + every, trainer.steps)
            began = time.perf_counter()
            stopped = executor.run(bound, first, last, np.full(last - first, trainer.learning_rate))
            seconds += time.perf_counter() - began
            if stopped is not None:
                break
            if trainer.evaluator.evaluate("train")["loss"] < target:
                whole, more = divmod(last, trainer.steps_per_epoch)
                return Until(last, whole + more * batch / rows, seconds)
        return NEVER

    return [one(seed) for seed in seeds]
