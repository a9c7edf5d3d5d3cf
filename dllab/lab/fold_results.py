"""What cross-validation comes to: the figures of every fold, their means and their spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dllab.recipe import Recipe
from dllab.runs.result import Expectation, expectation_of
from dllab.runs.store import plain
from dllab.training.events import Diverged, Figures, Status
from dllab.training.transfer import Beginning

Summary = dict[str, dict[str, float]]
"""Split to metric to one number."""


@dataclass(frozen=True)
class FoldResult:
    """One training: `repeat` and `fold` count from 1; `seed` is that of its weights, order and dropout."""

    repeat: int
    fold: int
    seed: int
    status: Status
    epochs: int
    steps: int
    seconds: float
    rows: dict[str, int]
    figures: Figures
    best_epoch: int | None = None
    diverged: Diverged | None = None

    def document(self) -> dict[str, Any]:
        """The fold as plain JSON data; NaN and infinities are None."""
        told = ("repeat", "fold", "seed", "status", "epochs", "steps", "rows", "best_epoch")
        found = {name: plain(getattr(self, name)) for name in told}
        found |= {"seconds": round(self.seconds, 6), "figures": plain(self.figures)}
        return found if self.diverged is None else {**found, "diverged": plain(asdict(self.diverged))}


@dataclass(frozen=True)
class CrossValidation:
    """All trainings of a recipe with folds, in order: the folds of the first repeat, then those of the next.

    `status`: finished, diverged (one fold did, or more), interrupted or failed. `rows` are those dealt out; `held_out`
    those of a published test split, which no fold has. `seconds` by the clock, `jobs` threads. `beginning`: what all began
    with.
    """

    recipe: Recipe
    seed: int
    status: str
    count: int
    repeats: int
    rows: int
    folds: tuple[FoldResult, ...]
    seconds: float
    jobs: int
    folder: Path | None = None
    held_out: int = 0
    beginning: Beginning | None = None

    @property
    def counted(self) -> tuple[FoldResult, ...]:
        """The folds that means are of: those that did not diverge."""
        return tuple(fold for fold in self.folds if fold.status != "diverged")

    @property
    def mean(self) -> Summary:
        """The mean of each figure over the folds that did not diverge."""
        return means([fold.figures for fold in self.counted])

    @property
    def sd(self) -> Summary:
        """The sample standard deviation (n - 1) of each figure over those folds; empty for fewer than two."""
        return deviations([fold.figures for fold in self.counted])

    @property
    def repeat_means(self) -> dict[int, Summary]:
        """Repeat to the mean of each figure over its folds; only whole repeats, without a diverged fold."""
        found = {}
        for repeat in range(1, self.repeats + 1):
            own = [fold.figures for fold in self.counted if fold.repeat == repeat]
            if len(own) == self.count:
                found[repeat] = means(own)
        return found

    @property
    def sd_of_repeats(self) -> Summary:
        """The sample standard deviation of the repeats' means; empty for fewer than two whole repeats."""
        return deviations(list(self.repeat_means.values()))

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """What the recipe expects, of the means; nothing is reached where a fold diverged. Empty before the end."""
        if self.status not in ("finished", "diverged"):
            return ()
        mean, found = self.mean, []
        for name, stated in self.recipe.expect.items():
            split, _, metric = name.partition("_")
            figure = expectation_of(name, stated, mean.get(split, {}).get(metric, math.nan))
            found.append(replace(figure, met=figure.met and self.status == "finished"))
        return tuple(found)

    def document(self) -> dict[str, Any]:
        """All of it as plain JSON data, as `dllab train --json` prints it; NaN and infinities are None."""
        found = {
            "recipe": self.recipe.name,
            "seed": self.seed,
            "status": self.status,
            "steps": sum(fold.steps for fold in self.folds),
            "seconds": round(self.seconds, 6),
            "run": None if self.folder is None else str(self.folder),
            "count": self.count,
            "repeats": self.repeats,
            "rows": self.rows,
            "counted": len(self.counted),
            "final": plain(self.mean),
            "sd": plain(self.sd),
            "folds": [fold.document() for fold in self.folds],
        }
        if self.repeats > 1:
            found["sd_of_repeats"] = plain(self.sd_of_repeats)
        return found if self.beginning is None else {**found, **plain(self.beginning.document())}


def means(figures: Sequence[Figures]) -> Summary:
    """The mean of each figure that is a number."""
    return {split: {name: float(np.mean(v)) for name, v in values.items()} for split, values in _columns(figures).items()}


def deviations(figures: Sequence[Figures]) -> Summary:
    """The sample standard deviation of each figure that is a number; empty for fewer than two."""
    if len(figures) < 2:
        return {}
    columns = _columns(figures)
    with np.errstate(invalid="ignore"):  # an infinite loss has no spread: NaN
        return {split: {name: float(np.std(v, ddof=1)) for name, v in values.items()} for split, values in columns.items()}


def _columns(figures: Sequence[Figures]) -> dict[str, dict[str, list[float]]]:
    """Split to metric to its values, one for each entry; tables are left out."""
    if not figures:
        return {}
    return {
        split: {
            name: [one[split][name] for one in figures] for name, value in values.items() if isinstance(value, int | float)
        }
        for split, values in figures[0].items()
    }
