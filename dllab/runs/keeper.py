"""A run under way: follows its events, keeps them in the run's folder, and decides when to keep its state."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dllab.recipe import Recipe
from dllab.runs.data_file import Learnt
from dllab.runs.disk import StoreError
from dllab.runs.machine import surroundings
from dllab.runs.result import Interrupted, Result, expectations_of
from dllab.runs.signals import held_interrupts
from dllab.runs.store import BEST as BEST_FILE
from dllab.runs.store import CHECKPOINT, RunFolder
from dllab.training.events import Diverged, EpochEnd, Event, Finished, Progress, Started
from dllab.training.state import BEST
from dllab.training.trainer import Trainer

SECONDS_BETWEEN = 10.0
"""Without `checkpoint: every`, the state is kept about this often."""

Listener = Callable[[Event], None]


class Keeper:
    """Keeps a run. `began`: what run.json told of its beginning, for a run that goes on.

    `recipe_stands`: the recipe is in the folder as it is, with what the user may have written beside it.
    """

    def __init__(self, trainer: Trainer, folder: RunFolder | None, listener: Listener, changes: Sequence[str] = (),
                 began: Mapping[str, Any] | None = None, recipe_stands: bool = False) -> None:  # fmt: skip
        self.trainer, self.folder, self.listener = trainer, folder, listener
        self.recipe: Recipe = trainer.recipe
        self.history: list[EpochEnd] = []
        self.started: Started | None = None
        self.progress: Progress | None = None
        self.diverged: Diverged | None = None
        self.finished: Finished | None = None
        fresh = {"began": now(), "changes": list(changes), **surroundings()}
        if self.recipe.used:
            fresh["used"] = self.recipe.used
        self._origin = fresh if began is None else dict(began)
        self._digest, self._recipe_stands = "", recipe_stands
        self._kept_at, self._kept_epoch = time.monotonic(), 0
        self._kept_step = (-1, -1)

    def follow(self) -> Result:
        """Go through the events to the end, whatever end it is."""
        try:
            return self._follow()
        except StoreError as error:
            raise self._with_advice(error) from None
        finally:
            if self.folder is not None:
                with contextlib.suppress(StoreError):
                    self.folder.close()

    def _follow(self) -> Result:
        self._begin()
        with held_interrupts() as check:
            try:
                for event in self.trainer.events():
                    self._note(event)
                    self.listener(event)
                    if not isinstance(event, Finished):
                        check()
            except KeyboardInterrupt:
                if self.finished is None:
                    self._keep_state()
                    raise Interrupted(self._keep(self._result("interrupted"))) from None
            except BaseException:
                with contextlib.suppress(StoreError):  # what is told is what went wrong first
                    self._keep_state()
                    self._keep(self._result("failed"))
                raise
            assert self.finished is not None
            result = self._keep(self._result(self.finished.status))
            try:
                check()  # Ctrl-C that came too late to stop this run is for what called it
            except KeyboardInterrupt:
                raise Interrupted(result) from None
        return result

    def _begin(self) -> None:
        if self.folder is None:
            return
        learnt = Learnt.of(self.trainer.data)
        self._digest = learnt.digest
        if not self._recipe_stands:
            self.folder.write_recipe(self.recipe.to_yaml())
        self.folder.write_data(learnt.document())
        self._keep(self._result("running"), weights=False)

    def _note(self, event: Event) -> None:
        match event:
            case Started():
                self.started = event
                self.history = list(event.history)
                self._kept_epoch = event.first // event.steps_per_epoch  # whole epochs
                if event.first:
                    self._keep_best()  # the process before may have died before it could
            case Progress():
                self.progress = event
                self._keep_if_due()
            case EpochEnd():
                self.history.append(event)
                if self.folder is not None:
                    self.folder.add_metrics(metrics_line(event))
                self._keep_if_due()
            case Diverged():
                self.diverged = event
            case Finished():
                self.finished = event

    # ---- the state ---------------------------------------------------------------------------------------------------

    def _keep_if_due(self) -> None:
        policy, course = self.recipe.train.checkpoint, self.trainer.course
        if course.over:
            if policy.last:
                self._keep_state()
        elif policy.every is not None:
            done = course.step // course.per_epoch  # whole epochs
            if done // policy.every > self._kept_epoch // policy.every:
                self._keep_state()
        elif time.monotonic() - self._kept_at > SECONDS_BETWEEN:
            self._keep_state()

    def _keep_state(self) -> None:
        """Keep the state, unless it is that of a step half done, of a net that diverged, or kept already."""
        course = getattr(self.trainer, "course", None)
        if self.folder is None or self.started is None or course is None or course.busy or self.finished is not None:
            return
        if self.diverged is not None or self.folder.metrics.broken or (course.step, course.evaluated) == self._kept_step:
            return
        state = course.state()
        facts = {
            "recipe": self.recipe.to_yaml(), "data": self._digest, "metrics": self.folder.metrics.mark(),
            "state": state.facts, "over": course.over, "used": self.recipe.used,
        }  # fmt: skip
        self.folder.write_arrays(CHECKPOINT, state.arrays, facts)
        self._keep_best()
        self._kept_step = (course.step, course.evaluated)
        self._kept_at, self._kept_epoch = time.monotonic(), course.step // course.per_epoch

    def _keep_best(self) -> None:
        best = self.trainer.course.best
        if self.folder is not None and self.recipe.train.checkpoint.best and best is not None and best.epoch is not None:
            kept = best.arrays(self.trainer.network)
            weights = {name.removeprefix(BEST): array for name, array in kept.items() if name.startswith(BEST)}
            self.folder.write_arrays(BEST_FILE, weights, {"recipe": self.recipe.name, "steps": best.step})

    # ---- the result --------------------------------------------------------------------------------------------------

    def _result(self, status: str) -> Result:
        done, last, progress = self.finished, self.history[-1] if self.history else None, self.progress
        at: Any = done or progress
        course = getattr(self.trainer, "course", None)
        return Result(
            recipe=self.recipe,
            seed=self.recipe.train.seed,
            status=status,
            network=self.trainer.network,
            folder=None if self.folder is None else self.folder.path,
            metrics=done.figures if done is not None else last.figures if last is not None else {},
            history=tuple(self.history),
            epochs=done.epochs if done is not None else course.epoch if course is not None else 0,
            steps=done.steps if done is not None else course.step if course is not None else 0,
            seconds=at.seconds if at is not None else 0.0,
            rows=self.started.rows if self.started is not None else {},
            best_epoch=done.best_epoch if done is not None else None,
            diverged=self.diverged,
            expectations=expectations_of(done, self.recipe) if done is not None else (),
            beginning=self.trainer.beginning,
        )

    def _keep(self, result: Result, weights: bool = True) -> Result:
        if self.folder is not None:
            if weights:
                self.folder.metrics.close()
                facts = {"recipe": result.recipe.name, "steps": result.steps, "best_step": self._restored()}
                self.folder.write_weights(result.network, facts)
            document = {**result.document(), **self._origin, "best_epoch": result.best_epoch}
            if result.diverged is not None:
                document["diverged"] = dataclasses.asdict(result.diverged)
            self.folder.write_status(document)
        return result

    def _restored(self) -> int | None:
        """The step whose weights the net has, if training has ended by going back to them."""
        return None if self.finished is None else self.trainer.course.best_step

    def _with_advice(self, error: StoreError) -> StoreError:
        assert self.folder is not None
        if not self.folder.has(CHECKPOINT):
            return error
        line = resume_line(self.folder.path)
        return StoreError(f"{error}\n  when that is mended, go on from the last checkpoint: {line}")


def resume_line(folder: Path) -> str:
    """The command that goes on with a run."""
    return shlex.join(["dllab", "resume", str(folder)])


def now() -> str:
    """The time, as run.json tells it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def metrics_line(event: EpochEnd) -> dict[str, Any]:
    """A line of metrics.jsonl."""
    figures = dataclasses.asdict(event)
    return {**{key: value for key, value in figures.items() if key != "figures"}, **event.figures}


def epoch_end(line: Mapping[str, Any]) -> EpochEnd:
    """The evaluation that a line tells of; null stands for a figure that was no number."""
    names = {f.name for f in dataclasses.fields(EpochEnd)}
    told: dict[str, Any] = {key: math.nan if value is None else value for key, value in line.items() if key in names}
    figures = {
        split: {name: math.nan if value is None else value for name, value in values.items()}
        for split, values in line.items()
        if split not in names
    }
    return EpochEnd(**told, figures=figures)
