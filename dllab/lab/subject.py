"""A net to look into: of a recipe before or after training, or of a run."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dllab.data.splits import evenly
from dllab.engine.inside import Inside
from dllab.engine.network import Network
from dllab.engine.pace import Pace
from dllab.engine.prepare import data_of, plan_of
from dllab.engine.question import question_of
from dllab.lab.examples import splits_of
from dllab.lab.recording import Trace, trace, watch
from dllab.lab.weight_path import PathRecorder, WeightPath
from dllab.recipe import Problem, Recipe, RecipeError
from dllab.runs.data_file import Learnt
from dllab.runs.opened import Opened
from dllab.runs.ready import Ready
from dllab.runs.train import first_weights, ignore
from dllab.symbols import DECODER, LENGTHS
from dllab.training.compiling import compile_ahead
from dllab.training.events import EpochEnd, Event, Finished, Progress, Started
from dllab.training.state import net_views
from dllab.training.trainer import Trainer, columns_of
from dllab.training.transfer import Source

Listener = Callable[[Event], None]
State = Literal["untrained", "trained"]


class Subject:
    """A net with its data. `network` has one shard, so that its buffers can be read (engine.inside).

    `name`: of the recipe or the run. `state`, `steps`: whether, and how long, it was trained. `trace`: what was seen in
    training, where that was asked for, as `path`, the weights along it. `history`: the evaluations of a training. `ended`:
    how it ended. `best_step`: the earlier step whose weights, the best ones, it went back to; None: those of its end.
    """

    def __init__(self, name: str, recipe: Recipe, state: State, seed: int | None = None) -> None:
        data = data_of(recipe)
        self.name, self.recipe, self.data, self.state = name, recipe, data, state
        question = question_of(recipe, data, seed=seed)
        self.network = Network(plan_of(recipe, dataclasses.replace(question, shards=1)), recipe)
        self.steps = 0
        self.best_step: int | None = None
        self.trace: Trace | None = None
        self.path: WeightPath | None = None
        self.history: tuple[EpochEnd, ...] = ()
        self.ended: Finished | None = None
        self.same_data = True

    def figure(self, metric: str, split: str = "test") -> float:
        """A figure of the end of its training; NaN where there is none."""
        return float(self.ended.figures.get(split, {}).get(metric, np.nan)) if self.ended else np.nan

    @classmethod
    def untrained(
        cls, recipe: Recipe, *, seed: int | None = None, on_event: Listener = ignore, trust: bool = False,
        run_dir: str | None = None,
    ) -> Subject:  # fmt: skip
        """A recipe's net as training begins: with the weights of `init_from`, if it has that."""
        found = cls(recipe.name, recipe, "untrained", seed)
        if recipe.init_from is not None:
            found._take(_trainer(recipe, seed, on_event, trust, run_dir).network)
        return found

    @classmethod
    def trained(
        cls,
        recipe: Recipe,
        *,
        seed: int | None = None,
        on_event: Listener = ignore,
        trust: bool = False,
        run_dir: str | None = None,
        watched: bool = False,
        path: bool = False,
        on_look: Callable[[SoFar], object] | None = None,
        source: Source | None = None,
    ) -> Subject:
        """A recipe's net after training, of which no run is kept; `watched`: with a trace, `path`: with that.

        `source`: weights for the recipe's `init_from`, in place of those of what it names, which is then not trained.
        `on_look` is called between steps, whenever the net may be looked at, with what gives it as it is by then. Raises
        RecipeError.
        """
        if recipe.train.folds is not None:
            hint = "take the folds out with the override train.folds="
            raise RecipeError([Problem("a net to look into comes from one training, and the recipe asks for folds",
                                       recipe.place("train"), hint)])  # fmt: skip
        found = cls(recipe.name, recipe, "trained", seed)
        trainer = _trainer(recipe, seed, on_event, trust, run_dir, watched, source)
        history, recorder = [], PathRecorder(trainer) if path else None
        so_far = SoFar(found, trainer, watched)
        for event in trainer.events():
            on_event(event)
            if on_look is not None and isinstance(event, Started | Progress | EpochEnd):
                on_look(so_far)
            if recorder is not None:
                recorder.see(event)
            if isinstance(event, EpochEnd):
                history.append(event)
            if isinstance(event, Finished):
                found.ended = event
        found._take(trainer.network)
        found.steps, found.history = trainer.course.step, tuple(history)
        found.best_step = earlier(trainer.course.best_step, found.steps)
        if watched:
            found.trace = trace(trainer.network.plan, trainer.network.memory, found.steps, len(trainer.rows))
        if recorder is not None:
            found.path = recorder.path()
        return found

    @classmethod
    def of_run(cls, opened: Opened) -> Subject:
        """A run's net. `same_data`: whether the data are what they were in training."""
        found = cls(opened.folder.path.name, opened.recipe, "trained")
        found._take(opened.network)
        found.steps, found.best_step = opened.steps, earlier(opened.best_step, opened.steps)
        found.same_data = Learnt.of(found.data).digest == opened.learnt.digest
        return found

    def ready(self) -> Ready:
        """The net as one that can be asked about other rows."""
        return Ready(self.recipe, Learnt.of(self.data), self.network)

    @property
    def splits(self) -> dict[str, NDArray[np.int64]]:
        """The rows of each split that has any, test first."""
        return splits_of(self.data)

    def rows(self, split: str | None = None, most: int | None = None) -> NDArray[np.int64]:
        """Rows of a split (None: the first there is), evenly taken where there are more than `most`."""
        splits = self.splits
        rows = splits[split] if split is not None else next(iter(splits.values()))
        if most is None or len(rows) <= most:
            return rows
        return rows[evenly(len(rows), most)]

    def source(self) -> Source:
        """The net's weights and running state as another may begin with them."""
        arrays = {label: values.copy() for label, values in net_views(self.network).items()}
        return Source(arrays, {"recipe": self.name, "steps": self.steps})

    def columns(self) -> dict[str, NDArray[Any]]:
        """The data as the engine's programs read them."""
        return columns_of(self.data.dataset.columns, self.data, self.network.dtype, self.data.dataset.tables)

    def compile(self, *programs: str, on_event: Listener = ignore) -> None:
        """Compile what looking takes: `infer` of `inference`, `train:plain` of `backward`."""
        for event in compile_ahead(self.network.plan, programs):
            on_event(event)

    def inference(self, rows: NDArray[np.int64]) -> Inside:
        """The buffers after inference of these rows of the data."""
        return Inside.inference(self.network, self.columns(), rows)

    def backward(self, rows: NDArray[np.int64]) -> Inside:
        """The buffers after forward and backward of these rows as one batch."""
        return Inside.training(self.network, self.data.seen(rows), self.data.targets(rows), **self.extras(rows))

    def extras(self, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """What the data have of these rows beside inputs and targets: lengths, what a decoder reads, tables."""
        columns = self.data.dataset.columns
        return {name: columns[name][rows] for name in (LENGTHS, DECODER) if name in columns} | self.data.dataset.tables

    def _take(self, network: Network) -> None:
        """The weights and running state of another net of the same recipe."""
        for label, values in network.parameters.items():
            self.network.parameters[label][...] = values
        for label, value in network.plan.store.running.items():
            own = self.network.plan.store.running[label]
            self.network.memory.view("running", own)[...] = network.memory.view("running", value)


class SoFar:
    """Called, it gives the net of a training that goes on as it is by then, with the trace of it if it is `watched`.

    That has weights and buffers of its own: however it is looked at, neither the training nor its end see anything of it.
    """

    def __init__(self, found: Subject, trainer: Trainer, watched: bool) -> None:
        self._found, self._trainer, self._watched = found, trainer, watched
        self._seen: Subject | None = None

    def often(self, times: int) -> None:
        """Let the training be looked at so many times or more, evenly; it computes the same."""
        self._trainer.course.pace = Pace(most=max(1, self._trainer.steps // max(times, 1)))

    def __call__(self) -> Subject:
        """The same subject again and again, brought up to date."""
        if self._seen is None:
            self._seen = copy.copy(self._found)
            self._seen.network = Network(self._found.network.plan, self._found.recipe)
        seen, trainer = self._seen, self._trainer
        seen._take(trainer.network)
        seen.steps = trainer.course.step
        if self._watched:
            seen.trace = trace(trainer.network.plan, trainer.network.memory, seen.steps, len(trainer.rows))
        return seen


def earlier(step: int | None, steps: int) -> int | None:
    """A step, if it is not the last one."""
    return step if step != steps else None


def _trainer(recipe: Recipe, seed: int | None, on_event: Listener, trust: bool, run_dir: str | None,
             watched: bool = False, source: Source | None = None) -> Trainer:  # fmt: skip
    trainer = Trainer(recipe, seed=seed, watch=watch if watched else None)
    if recipe.init_from is not None:
        trainer.begin_with(source or first_weights(trainer, run_dir, False, on_event, trust))
    return trainer
