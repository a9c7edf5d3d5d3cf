"""A learning rate for an optimizer by a search: a coarse grid around its usual rate, then finer around the best.

Every optimizer gets the same number of runs, all with one seed that is none of those compared later, judged on rows that no
run of the search trains on. Rates lie a factor of 10 apart at first (FACTOR); each further run halves the wider gap beside
the best one, on the logarithmic scale, or goes beyond the end of the grid where the best is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from dllab.data.dataset import Prepared
from dllab.data.streams import seeds
from dllab.recipe import Recipe
from dllab.training.events import Status

FACTOR = 10.0
FEW, MANY = 3, 7
"""A search of fewer runs than FEW begins with the usual rate alone, of fewer than MANY with 3 rates, else with 5."""

LARGEST, SMALLEST = 1e6, 1e-12
HELD_OUT = 0.2
"""Of the training rows, where the recipe sets none aside for validation."""

FEWEST_HELD_OUT = 10
"""Fewer rows than these judge nothing: then the training rows themselves do."""

TOO_FEW, NOT_SPLIT = "too few to hold some out", "as this data set cannot be split once more"
"""Why training rows judge."""

GOOD = 0.95
"""A rate is good if it gains so much of what the best run of all optimizers gains over the net as its weights are drawn."""


@dataclass(frozen=True)
class Tuning:
    """How rates were searched for. `split`: the rows that judged; `held_out`: training rows set aside for that.

    `why_none`: why there are none, where the training rows judged.
    """

    runs: int
    seed: int
    split: str
    metric: str
    held_out: int
    training: int
    untrained: float
    why_none: str = ""


@dataclass(frozen=True)
class Tried:
    """One run of a search: the figure that judges and the loss on the same rows; NaN where it diverged."""

    lr: float
    status: Status
    value: float
    loss: float


@dataclass(frozen=True)
class Band:
    """The rates around the best one that are good, by the search: gaps to rates that are not count half.

    `open_low`, `open_high`: no rate beyond was tried.
    """

    low: float
    high: float
    open_low: bool
    open_high: bool

    @property
    def decades(self) -> float:
        """How wide it is."""
        return math.log10(self.high / self.low)


def search(usual: float, runs: int, higher: bool, train: Callable[[float], Tried]) -> Iterator[Tried]:
    """Train with so many rates, one after the other."""
    tried: list[Tried] = []
    for number in range(runs):
        first = first_rates(usual, runs)
        rate = first[number] if number < len(first) else next_rate(tried, higher)
        tried.append(train(rate))
        yield tried[-1]


def first_rates(usual: float, runs: int) -> list[float]:
    """The grid that a search begins with."""
    reach = 0 if runs < FEW else 1 if runs < MANY else 2
    return [_allowed(usual * FACTOR**k) for k in range(-reach, reach + 1)]


def next_rate(tried: Sequence[Tried], higher: bool) -> float:
    """Beyond the end of what was tried where the best is there, else in the middle of the wider gap beside it."""
    rates = sorted({one.lr for one in tried})
    place = rates.index(best_of(tried, higher).lr)
    if place == len(rates) - 1 and _allowed(rates[-1] * FACTOR) > rates[-1]:
        return _allowed(rates[-1] * FACTOR)
    if place == 0 and _allowed(rates[0] / FACTOR) < rates[0]:
        return _allowed(rates[0] / FACTOR)
    gaps = [(rates[i + 1] / rates[i], rates[i], rates[i + 1]) for i in (place, place - 1) if 0 <= i < len(rates) - 1]
    _, low, high = max(gaps, key=lambda gap: round(gap[0], 6))
    middle = math.sqrt(low * high)
    return middle if _rounded(middle) in rates else _rounded(middle)


def best_of(tried: Sequence[Tried], higher: bool) -> Tried:
    """The best figure. Of several rates that are equally good the one in the middle: it has the most room on both sides.

    Of shares of few rows many are equal; the lowest loss among them may lie at an extreme rate by luck. Where all diverged,
    the smallest rate.
    """
    sign = 1.0 if higher else -1.0
    ordered = sorted(tried, key=lambda one: one.lr)
    finite = [sign * one.value for one in ordered if not math.isnan(one.value)]
    if not finite:
        return ordered[0]
    groups: list[list[Tried]] = [[]]
    for one in ordered:
        if sign * one.value == max(finite):
            groups[-1].append(one)
        elif groups[-1]:
            groups.append([])
    widest = max((group for group in groups if group), key=lambda group: (group[-1].lr / group[0].lr, -group[0].loss))
    centre = math.sqrt(widest[0].lr * widest[-1].lr)
    return min(widest, key=lambda one: (round(abs(math.log(one.lr / centre)), 9), one.loss))


def band_of(tried: Sequence[Tried], higher: bool, untrained: float, best: float) -> Band | None:
    """The good rates around the best; None where none is good. `best`: the best figure that any optimizer reached."""
    sign = 1.0 if higher else -1.0
    least = sign * untrained + GOOD * sign * (best - untrained)
    ordered = sorted({one.lr: one for one in tried}.values(), key=lambda one: one.lr)
    good = [sign * one.value >= least for one in ordered]
    place = ordered.index(best_of(ordered, higher))
    if not good[place]:
        return None
    low = high = place
    while low > 0 and good[low - 1]:
        low -= 1
    while high < len(ordered) - 1 and good[high + 1]:
        high += 1
    open_low, open_high = low == 0, high == len(ordered) - 1
    lower = ordered[low].lr if open_low else math.sqrt(ordered[low - 1].lr * ordered[low].lr)
    upper = ordered[high].lr if open_high else math.sqrt(ordered[high].lr * ordered[high + 1].lr)
    return Band(lower, upper, open_low, open_high)


def tuning_seed(compared: Sequence[int]) -> int:
    """A seed for searches that none of those compared is."""
    return next(seed for seed in seeds(compared[0], "tuning", len(compared) + 1) if seed not in compared)


class Judging(NamedTuple):
    """Data for a search, the split that judges, how many training rows were set aside for it, and why none could be."""

    data: Prepared
    split: str
    held_out: int
    why_none: str = ""


def tuning_data(recipe: Recipe, data: Prepared) -> Judging:
    """Which rows train and which judge in a search.

    Test rows neither train nor judge. Where no rows could be set aside, training rows judge.
    """
    splits, source = data.splits, recipe.data
    if len(splits.validation):
        return Judging(data, "validation", 0)
    share = HELD_OUT * len(splits.train) / data.dataset.rows
    if HELD_OUT * len(splits.train) < FEWEST_HELD_OUT or source is None:
        return Judging(data, "train", 0, TOO_FEW)
    other: Any = source.model_copy(update={"validation": share})
    try:
        held: Prepared = other.prepare()
    except ValueError:  # data that say by a column which rows are which, or whose order leaves none
        return Judging(data, "train", 0, NOT_SPLIT)
    kept = {name: np.setdiff1d(getattr(held.splits, name), splits.test) for name in ("train", "validation")}
    if not len(kept["validation"]) or not len(kept["train"]):
        return Judging(data, "train", 0, NOT_SPLIT)
    # of other shares other rows may be drawn for the test: those of the recipe's test scale nothing
    held = other.scaled(held.dataset, replace(held.splits, **kept))
    return Judging(held, "validation", len(kept["validation"]))


def _allowed(rate: float) -> float:
    return min(max(_rounded(rate), SMALLEST), LARGEST)


def _rounded(rate: float) -> float:
    """Three significant digits: a rate that can be read and typed."""
    return float(f"{rate:.3g}")
