"""Trainings and other work of a lesson on all processors: what comes out depends on the work alone."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.core.blas import addresses
from dllab.engine import executor
from dllab.recipe import Recipe
from dllab.training.events import EpochEnd, Figures, Status
from dllab.training.series import Series, Stopped

TICK = 0.05
"""Seconds between two looks at the keyboard."""

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


def crowd(work: Sequence[tuple[str, Any]], do: Callable[[Crowd, Any], Any], jobs: int, tell: Progress) -> list[Any]:
    """Do every piece of work; results in their order. The first error ends it all, as Ctrl-C does (raised by `tell`)."""
    stopped, building, own = threading.Event(), threading.Lock(), threading.local()
    addresses()  # two threads must not load the library at once
    single = jobs > 1 and len(work) == 1  # it may have all processors

    def piece(item: Any) -> Any:
        if stopped.is_set():
            raise Stopped
        if not hasattr(own, "crowd"):
            own.crowd = Crowd(building, lambda: not stopped.is_set())
        with contextlib.nullcontext() if single else executor.one_thread():
            return do(own.crowd, item)

    with ThreadPoolExecutor(max(1, min(jobs, len(work)))) as pool:
        futures: list[Future[Any]] = [pool.submit(piece, item) for _, item in work]
        try:
            open_ = set(futures)
            while open_:
                done, open_ = wait(open_, TICK, FIRST_COMPLETED)
                for future in done:
                    future.result()
                ended = len(futures) - len(open_)
                tell(ended, len(futures), work[min(ended, len(work) - 1)][0])
        except BaseException:
            stopped.set()
            raise
    return [future.result() for future in futures]
