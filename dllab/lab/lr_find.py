"""The learning-rate range test: short trainings in which the rate rises from far too small to far too large.

Source: Smith, Cyclical learning rates for training neural networks (2015), section 3.3.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dllab.engine.binding import Bound
from dllab.recipe import Recipe
from dllab.recipe.train_options import Checkpoint
from dllab.runs.train import first_weights
from dllab.schedules.schedule import Schedule
from dllab.training.compiling import compile_ahead
from dllab.training.course import Course
from dllab.training.events import Diverged, Event
from dllab.training.trainer import Trainer
from dllab.training.transfer import Source

LOW, HIGH = 1e-6, 10.0
"""Of the rates, unless somebody says others."""
PER_DECADE = 300 / 7
"""Steps, unless somebody says others: with fewer a rate has no time to show what it does, with more the net is taught by
small rates before large ones come, and everything that is found lies lower."""
FEWEST = 20
SEEDS = 3
WINDOW = 20
"""The running mean looks back over a share of 1 / WINDOW of the test."""
BLOWN_UP = 4.0
"""Times the least smoothed loss so far: above that, if it is above the first loss, too, the test ends."""
SMALLER = 10.0
"""By how much the second rule stays below the rate with the least loss."""
LEAST_FALL = 0.02
"""Of the loss at the start: one that falls by less tells nothing of the rate."""

Numbers = NDArray[np.float64]
End = Literal["rose", "not finite", "done"]


class Rising(Schedule):
    """Rates that rise from `low` to `high` by the same share at every step, for an optimizer whose own is `lr`.

    No part that a recipe could name.
    """

    name = "rising"
    low: float
    high: float
    lr: float

    def shape(self, steps: NDArray[np.int64], total: int) -> Numbers:
        """The rates over the optimizer's own."""
        return rising(self.low, self.high, total)[steps] / self.lr


@dataclass(frozen=True, eq=False)
class Soundings:
    """So far in a test: the rates of all its steps (N,), and the losses of the training under way, `number` of `of`."""

    rates: Numbers
    losses: Numbers
    number: int
    of: int


Listener = Callable[[Event | Soundings], None]


@dataclass(frozen=True, eq=False)
class RangeTest:
    """Losses (S, K) of a training for each of S `seeds` at the first K of `steps` rates, with their mean (K,), smoothed.

    `ended`: why there are no more. `lr`: the recipe's own rate; `schedule`, `per_epoch`: its schedule and steps. `steepest`
    and `least`: where the smoothed loss falls most and is least; None where nothing is learnt.
    """

    recipe: str
    optimizer: str
    schedule: str
    lr: float
    steps: int
    per_epoch: int
    seeds: tuple[int, ...]
    low: float
    high: float
    rates: Numbers
    losses: Numbers
    loss: Numbers
    smoothed: Numbers
    ended: End
    steepest: float | None
    least: float | None

    @property
    def tenth(self) -> float | None:
        """The second rule's rate."""
        return None if self.least is None else self.least / SMALLER

    @property
    def suggested(self) -> float | None:
        """Half-way, in powers of ten, between what the two rules say; one digit is as much as such a test can tell."""
        if self.steepest is None or self.least is None:
            return None
        return float(f"{(self.steepest * self.least / SMALLER) ** 0.5:.0e}")


def lr_find(
    recipe: Recipe, *, low: float = LOW, high: float = HIGH, steps: int | None = None, seeds: Sequence[int] | None = None,
    on_event: Listener = lambda event: None, trust: bool = False,
) -> RangeTest:  # fmt: skip
    """Train with rising rates once for each seed, and find a rate by the mean of the losses. Raises RecipeError.

    `seeds`: by default SEEDS of them, from the recipe's own up.
    """
    total = steps or usual_steps(low, high)
    chosen = tuple(seeds) if seeds is not None else tuple(range(recipe.train.seed, recipe.train.seed + SEEDS))
    tester, rates = _Tester(recipe, low, high, total, on_event, trust), rising(low, high, total)
    found: list[Numbers] = []
    ends: list[End] = []
    for number, seed in enumerate(chosen, 1):
        for losses, end in tester.train(seed):  # noqa: B007
            on_event(Soundings(rates, losses, number, len(chosen)))
        found.append(losses)
        ends.append(end)
    kept = min(len(losses) for losses in found)
    loss = np.mean([losses[:kept] for losses in found], axis=0)
    smoothed = smooth(loss, total)
    steepest, least = turns(smoothed, rates[:kept])
    return RangeTest(
        recipe=recipe.name, optimizer=recipe.optimizer[-1].name, schedule=recipe.schedule.name, lr=tester.lr, steps=total,
        per_epoch=tester.per_epoch, seeds=chosen, low=low, high=high, rates=rates[:kept],
        losses=np.array([losses[:kept] for losses in found]), loss=loss, smoothed=smoothed,
        ended=next(end for losses, end in zip(found, ends) if len(losses) == kept), steepest=steepest, least=least,
    )  # fmt: skip


def rising(low: float, high: float, steps: int) -> Numbers:
    """So many rates, from the first to the last by equal factors."""
    rates: Numbers = low * (high / low) ** (np.arange(steps) / max(steps - 1, 1))
    return rates


def usual_steps(low: float, high: float) -> int:
    """The length of a test if nobody says one."""
    return max(FEWEST, round(PER_DECADE * float(np.log10(high / low))))


def smooth(loss: Numbers, steps: int) -> Numbers:
    """The running mean of a loss, the bias of its start taken out as in Adam; `steps`: of a whole test."""
    beta = 1.0 - min(WINDOW / steps, 0.5)
    found, mean = np.empty(len(loss)), 0.0
    for step, value in enumerate(loss):
        mean = beta * mean + (1.0 - beta) * float(value)
        found[step] = mean / (1.0 - beta ** (step + 1))
    return found


def blown_up(losses: Numbers, steps: int) -> int | None:
    """The first step at which the smoothed loss is above BLOWN_UP times its least so far, and above the first loss."""
    smoothed = smooth(losses, steps)
    if not (smoothed[:1] > 0).all():  # any number is so many times that
        return None
    above = np.flatnonzero(smoothed > np.maximum(BLOWN_UP * np.minimum.accumulate(smoothed), smoothed[:1]))
    return int(above[0]) if len(above) else None


def turns(smoothed: Numbers, rates: Numbers) -> tuple[float | None, float | None]:
    """The rates at which a smoothed loss falls most and at which it is least; None where it hardly falls at all.

    How fast it falls at a rate is the slope, against the rate's logarithm, of the line through the decade around it.
    """
    if len(rates) < 4:
        return None, None
    least, places = int(smoothed.argmin()), np.log10(rates)
    if smoothed[0] == 0:  # of a perceptron whose weights are all 0
        return None, None
    fall = float(smoothed[: max(1, len(rates) // WINDOW)].mean() - smoothed[least])
    if not fall > LEAST_FALL * abs(float(smoothed[0])):
        return None, None
    half = max(1, min(round(0.5 / abs(places[1] - places[0])), len(rates) // 4))
    slopes = np.correlate(smoothed, np.arange(-half, half + 1.0), "valid")[: max(least + 1 - half, 0)]
    if not len(slopes) or not slopes.min() < 0:  # it only rises
        return None, None
    return float(rates[half + int(slopes.argmin())]), float(rates[least])


class _Tester:
    """One net that is trained again for every seed, with rising rates and without evaluations."""

    def __init__(
        self, recipe: Recipe, low: float, high: float, steps: int, on_event: Callable[[Event], None], trust: bool
    ) -> None:
        self.lr = float(getattr(recipe.optimizer[-1], "lr", 1.0))
        schedule = Rising(low=low, high=high, lr=self.lr)
        length = dataclasses.replace(recipe.train, steps=steps, epochs=None, early_stop=None, checkpoint=Checkpoint())
        self._trainer = Trainer(dataclasses.replace(recipe, schedule=schedule, train=length))
        self._steps, self.per_epoch = steps, self._trainer.steps_per_epoch
        self._source: Source | None = None
        if recipe.init_from is not None:
            self._source = first_weights(self._trainer, None, False, on_event, trust)
        for event in compile_ahead(self._trainer.network.plan, ("train",)):
            on_event(event)
        self._bound: Bound = self._trainer.bind()

    def train(self, seed: int) -> Iterator[tuple[Numbers, End]]:
        """The losses so far, again and again, until the last step or until they blow up."""
        self._trainer.seed = seed
        self._trainer.network.initialise(seed)
        if self._source is not None:
            self._trainer.begin_with(self._source)
        self._bound.begin_anew()
        course = Course(self._trainer, self._bound, self._steps, self.per_epoch, None)
        losses = np.empty(0)
        course.begin()
        for event in course.events():
            losses = np.append(losses, course.losses(len(losses), course.step))
            last = blown_up(losses, self._steps)
            if last is not None:
                yield losses[: last + 1], "rose"
                return
            yield losses, "not finite" if isinstance(event, Diverged) else "done"
