"""Trainings and other work of a lesson on all processors: what comes out depends on the work alone."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.core.blas_threads import one_for_now
from dllab.engine import executor
from dllab.lab.crew import Crew
from dllab.recipe import Recipe
from dllab.training.events import EpochEnd, Figures, Status
from dllab.training.series import Series

Progress = Callable[[int, int, str], None]
"""Is told how many pieces are done, of how many, and what is in hand."""


def nothing(done: int, total: int, what: str) -> None:
    """Listens to no progress."""


@dataclass(frozen=True, eq=False)
class Run:
    """A training as a lesson needs it: how it ended, its evaluations, its last weights by name."""

    seed: int
    status: Status
    steps: int
    seconds: float
    figures: Figures
    curve: tuple[EpochEnd, ...]
    parameters: dict[str, NDArray[Any]]

    def figure(self, metric: str, split: str = "test") -> float:
        """A figure of the end; of a net that diverged NaN."""
        return float(self.figures.get(split, {}).get(metric, np.nan)) if self.status != "diverged" else np.nan

    @property
    def losses(self) -> tuple[list[float], list[float]]:
        """Epochs, and the mean training loss since the evaluation before."""
        return [float(end.epoch) for end in self.curve], [end.loss for end in self.curve]


class Crowd:
    """What one thread keeps: nets that are planned."""

    def __init__(self, building: threading.Lock, wanted: Callable[[], bool]) -> None:
        self._building, self._wanted = building, wanted
        self._series: dict[str, Series] = {}

    def run(self, recipe: Recipe, seed: int) -> Run:
        """Train one net."""
        curve: list[EpochEnd] = []
        series = self._of(recipe)

        def keep(end: EpochEnd) -> bool:
            curve.append(end)
            return True

        end = series.train(recipe, seed, wanted=self._wanted, good=keep)
        parameters = {name: values.copy() for name, values in series.trainer.network.parameters.items()}
        return Run(seed, end.status, end.steps, end.seconds, end.figures, tuple(curve), parameters)

    def _of(self, recipe: Recipe) -> Series:
        key = Series.key(recipe)
        if key not in self._series:
            with self._building:  # threads that need the same kernels compile them once
                self._series = {key: Series(recipe)}  # work comes recipe by recipe
        return self._series[key]


def crowd(work: Sequence[tuple[str, Any]], do: Callable[[Crowd, Any], Any], jobs: int, tell: Progress,
          turns: threading.Semaphore | None = None) -> list[Any]:  # fmt: skip
    """Do every piece of work; results in their order. The first error ends it all, as Ctrl-C does (raised by `tell`).

    `turns`: of several crowds that share the processors; each piece takes one.
    """
    crew: Crew[tuple[int, Any]] = Crew(max(1, min(jobs, len(work))))
    building, own = threading.Lock(), threading.local()
    single = jobs > 1 and len(work) == 1 and turns is None  # it may have all processors

    def piece(place: int, item: Any) -> Iterator[tuple[int, Any]]:
        if not hasattr(own, "crowd"):
            own.crowd = Crowd(building, lambda: not crew.stopped)
        with turns or contextlib.nullcontext(), contextlib.nullcontext() if single else executor.one_thread():
            found = do(own.crowd, item)
        yield place, found

    found: dict[int, Any] = {}
    pieces = [[piece(place, item)] for place, (_, item) in enumerate(work)]
    with one_for_now(), contextlib.closing(crew.work(pieces)) as messages:
        for message in messages:
            if message is not None:
                found[message[0]] = message[1]
            tell(len(found), len(work), work[min(len(found), len(work) - 1)][0])
    return [found[place] for place in range(len(work))]
