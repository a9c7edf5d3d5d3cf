"""The learning rate at every step of a run, by its schedule or by others; nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dllab.engine.prepare import prepared
from dllab.engine.question import question_of
from dllab.recipe import Problem, Recipe, RecipeError, load
from dllab.recipe.dump import brief
from dllab.schedules.schedule import Schedule
from dllab.training.trainer import length_of

STEPS = 1000
"""Of a run without data, if nobody says how long it is."""
ALONE = {"input": [1], "model": [{"dense": 1}], "loss": "mse", "optimizer": {"sgd": 1.0}}
"""A recipe for a schedule without one: its rate is the share of whatever the optimizer's may be."""


@dataclass(frozen=True, eq=False)
class Rates:
    """The rates (steps,) by one schedule. `text`: as a recipe has it. `warmup`: its steps, maybe more than the run's.

    `reacts`: to losses, as well.
    """

    text: str
    name: str
    rates: NDArray[np.float64]
    warmup: int
    reacts: bool

    @property
    def highest(self) -> int:
        """The first step with the highest rate."""
        return int(self.rates.argmax())

    @property
    def lowest(self) -> int:
        """The last step with the lowest rate after the warm-up, or of all steps if that never ends."""
        after = self.rates[self.warmup :] if self.warmup < len(self.rates) else self.rates
        return len(self.rates) - 1 - int(after[::-1].argmin())


@dataclass(frozen=True, eq=False)
class Schedules:
    """Rates of one run by several schedules, the recipe's own first. `recipe`: its name, None for schedules alone.

    `per_epoch`: steps, None without data. `stops_early`: whether the run may be shorter.
    """

    recipe: str | None
    steps: int
    per_epoch: int | None
    lr: float
    stops_early: bool
    found: tuple[Rates, ...]


def rates_of(
    target: str | Path | None, schedules: Sequence[str] = (), changes: Sequence[str] = (), *, steps: int | None = None,
    trust: bool = False,
) -> Schedules:  # fmt: skip
    """The rates of a recipe by its own schedule and by others, written as in a recipe: `cosine`, `step: 100`.

    Without a target the schedules are drawn alone. Raises RecipeError.
    """
    if target is None:
        recipes = [load(ALONE, [*changes, f"schedule={text}"]) for text in schedules]
    else:
        recipes = [load(target, [*changes, *more], trust=trust) for more in ([], *([f"schedule={s}"] for s in schedules))]
    first = recipes[0]
    per_epoch, usual = _length(first, alone=target is None)
    total = steps or usual
    if total is None:
        hint = "give it data:, or say how many steps: --steps 1000"
        raise RecipeError([Problem("without data nobody knows how many steps a run has", first.place("input"), hint)])
    lr = float(getattr(first.optimizer[-1], "lr", 1.0))
    return Schedules(
        recipe=None if target is None else first.name, steps=total, per_epoch=per_epoch, lr=lr,
        stops_early=first.train.early_stop is not None, found=tuple(_rates(recipe, lr, total) for recipe in recipes),
    )  # fmt: skip


def _length(recipe: Recipe, alone: bool) -> tuple[int | None, int | None]:
    """The steps of an epoch and those of the run, as far as they are known."""
    data = prepared(recipe)
    if data is None:
        return None, recipe.train.steps or (STEPS if alone else None)
    batch = question_of(recipe, data).batch
    rows = len(data.splits.train)
    return length_of(recipe, rows // batch * batch if recipe.train.carry_state else rows, batch)


def _rates(recipe: Recipe, lr: float, steps: int) -> Rates:
    schedule = recipe.schedule
    assert isinstance(schedule, Schedule)
    rates = lr * schedule.factors(np.arange(steps), steps)
    return Rates(brief(schedule), schedule.name, rates, schedule.warmup, hasattr(schedule, "react"))
