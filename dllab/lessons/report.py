"""A lesson that has been run: what it showed, and what it claims."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from dllab.engine import executor
from dllab.lessons.claim import Claim
from dllab.lessons.crowd import Progress, nothing
from dllab.lessons.lab import Lab
from dllab.lessons.lesson import Lesson, NoLesson
from dllab.recipe import RecipeError
from dllab.training.series import Stopped


@dataclass(frozen=True, eq=False)
class Report:
    """`blocks`: tables, pictures and the like, each with a sentence. `truth`: what was to be predicted.

    `few`: one net stood for several.
    """

    lesson: Lesson
    seed: int
    changes: tuple[str, ...]
    blocks: tuple[tuple[Any, str], ...]
    claims: tuple[Claim, ...]
    truth: float | None
    seconds: float
    few: bool = False

    @property
    def holds(self) -> bool:
        """Whether no claim fails."""
        return all(claim.holds is not False for claim in self.claims)


def run(lesson: Lesson, *, seed: int = 0, changes: Sequence[str] = (), few: bool = False, jobs: int | None = None,
        tell: Progress = nothing, turns: threading.Semaphore | None = None) -> Report:  # fmt: skip
    """Run a lesson. Raises NoLesson and RecipeError for changes that cannot be made."""
    began = time.perf_counter()
    lab = Lab(lesson, seed=seed, changes=changes, few=few, jobs=jobs, tell=tell, turns=turns)
    _run(lab)
    seconds = time.perf_counter() - began
    return Report(lesson, seed, tuple(changes), tuple(lab.blocks), tuple(lab.claims), lab.truth, seconds, few)


def _run(lab: Lab) -> None:
    """Raises NoLesson where a change has taken away what the lesson measures: a layer, a loss, the kind of data."""
    try:
        lab.lesson.run(lab)
    except (NoLesson, RecipeError, Stopped):
        raise
    except Exception as error:
        if not lab.changes:
            raise
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise NoLesson(f"lesson {lab.lesson.number} finds nothing to measure with {' '.join(lab.changes)}",
                       f"a change that leaves more as it is may do ({why})") from error  # fmt: skip


def beside(lesson: Lesson, changes: Sequence[str], *, seed: int = 0, few: bool = True,
           tell: Progress = nothing) -> tuple[Report, Report]:  # fmt: skip
    """A lesson as it is and with changes, side by side; they share the processors."""
    Lab(lesson, changes=changes)  # what cannot be changed is told before anything is trained
    turns = threading.Semaphore(executor.free_cores())
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(run, lesson, seed=seed, few=few, turns=turns)
        now = run(lesson, seed=seed, changes=changes, few=few, tell=tell, turns=turns)
        return before.result(), now
