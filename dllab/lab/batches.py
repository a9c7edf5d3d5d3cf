"""Which rows each step of a training takes: its batches, as the engine goes through them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dllab.core import loop
from dllab.engine import executor
from dllab.recipe import Recipe
from dllab.training.compiling import compile_ahead
from dllab.training.trainer import Trainer


@dataclass(frozen=True, eq=False)
class Batch:
    """Of step `step` in epoch `epoch`, both counted from 1: the `rows` of the data that it was made of."""

    epoch: int
    step: int
    rows: NDArray[np.int64]


def batches(recipe: Recipe, *, seed: int | None = None, steps: int | None = None) -> tuple[Batch, ...]:
    """The batches of a whole training, or of its first `steps`, which is run for that. Raises RecipeError."""
    trainer = Trainer(recipe, seed=seed)
    for _ in compile_ahead(trainer.network.plan, ("train",)):
        pass
    bound, rate = trainer.bind(), np.array([trainer.learning_rate])
    found: list[Batch] = []
    for step in range(min(steps or trainer.steps, trainer.steps)):
        executor.run(bound, step, step + 1, rate)
        counters, size = bound.counters[0], int(bound.sizes[0][loop.SIZE_BATCH])
        first = int(counters[loop.COUNT_WHOLE])
        rows = bound.arrays["order"][first : first + size].copy()
        found.append(Batch(int(counters[loop.COUNT_EPOCH]) + 1, step + 1, rows))
    return tuple(found)
