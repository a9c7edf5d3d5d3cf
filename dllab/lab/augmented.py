"""Training rows as a recipe's augmentations change them: what the net sees of them in the first epochs.

Nothing is changed here a second time: the rows are taken from the program that training runs to bring its batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.augment.frame import Frame, frame_of
from dllab.catalogue import Part
from dllab.data.dataset import Prepared
from dllab.engine import executor
from dllab.engine.binding import Bound
from dllab.engine.network import Network
from dllab.engine.prepare import plan_of, prepared
from dllab.engine.question import INPUTS, TARGETS, question_of
from dllab.recipe import Problem, Recipe, RecipeError
from dllab.training.compiling import compile_ahead
from dllab.training.events import Compiling
from dllab.training.trainer import columns_of

PROGRAM = "sample"

Array = NDArray[Any]


@dataclass(frozen=True)
class Draw:
    """A row as it comes in one epoch (from 1), in step `step` of the run (from 0).

    `values`: as the net sees them. `partner`: the row it is mixed with, `weight`: how much of itself is kept; None where
    the recipe does not mix.
    """

    epoch: int
    step: int
    values: Array
    partner: int | None = None
    weight: float | None = None


@dataclass(frozen=True)
class Sample:
    """A training row: its place in the data set, as it is, and as it comes in each epoch."""

    row: int
    before: Array
    draws: tuple[Draw, ...]


@dataclass(frozen=True)
class Augmented:
    """Samples of a recipe's training rows. `parts`: the augmentations; `seed`: of the run."""

    recipe: str
    parts: tuple[Part, ...]
    frame: Frame
    seed: int
    data: Prepared
    samples: tuple[Sample, ...]

    def said(self, row: int) -> str:
        """The class or the numbers a row of the data set stands for."""
        target = self.data.dataset.columns[TARGETS][row]
        classes = self.data.dataset.classes
        return classes[int(target)] if classes else ", ".join(f"{number:.4g}" for number in target)

    def raw(self, values: Array) -> Array:
        """What the net sees, in the unit of the data set."""
        shift, scale = self.data.shift, self.data.scale
        return values if shift is None or scale is None else values / scale + shift


class Sampler:
    """Brings training rows as training does. Raises RecipeError."""

    def __init__(self, recipe: Recipe, seed: int | None = None) -> None:
        data = prepared(recipe)
        if data is None:
            raise RecipeError([Problem("this recipe has no data to augment", recipe.place("input"), "give it data:")])
        if not recipe.augment:
            hint = "give it some, such as augment: [noise: 0.1]; `dllab augmentations` lists all"
            raise RecipeError([Problem("this recipe augments nothing", recipe.place("augment"), hint)])
        self.recipe, self.data = recipe, data
        self.seed = recipe.train.seed if seed is None else seed
        self.question = question_of(recipe, data, seed=self.seed)
        self.network = Network(plan_of(recipe, self.question), recipe)
        self.columns = columns_of(data.dataset.columns, data, self.network.dtype)
        self.per_epoch = -(-len(data.splits.train) // self.question.batch)

    def compile(self) -> Iterator[Compiling]:
        """Compile what is missing."""
        yield from compile_ahead(self.network.plan, (PROGRAM,))

    def look(self, rows: int, epochs: int) -> Augmented:
        """The first so many rows of the run's first epoch, and what becomes of them in the first epochs."""
        train = self.data.splits.train
        bound = Bound(self.network.memory, PROGRAM, self.question.batch, self.columns, train.copy(), base=train)
        if not self.question.shuffle:
            bound.keep_order()
        self._order(bound, 0)
        chosen = [int(row) for row in bound.arrays["order"][:rows]]
        draws: dict[int, list[Draw]] = {row: [] for row in chosen}
        for epoch in range(epochs):
            for row, draw in self._epoch(bound, epoch, chosen):
                draws[row].append(draw)
        samples = tuple(Sample(row, self._before(row), tuple(draws[row])) for row in chosen)
        dataset = self.data.dataset
        frame = frame_of(dataset.input_shape, dataset.features)
        parts = tuple(entry.part for entry in self.recipe.augment)
        return Augmented(self.recipe.name, parts, frame, self.seed, self.data, samples)

    def _order(self, bound: Bound, epoch: int) -> Array:
        """The order of an epoch, after its first step has been run."""
        first = epoch * self.per_epoch
        executor.run(bound, first, first + 1)
        return bound.arrays["order"]

    def _epoch(self, bound: Bound, epoch: int, chosen: list[int]) -> Iterator[tuple[int, Draw]]:
        order = self._order(bound, epoch)
        for row in chosen:
            place = int(np.flatnonzero(order == row)[0])
            batch = place // self.question.batch
            yield row, self._draw(bound, epoch, batch, place - batch * self.question.batch)

    def _draw(self, bound: Bound, epoch: int, batch: int, place: int) -> Draw:
        """Run a step, and take one row of its batch."""
        step, program = epoch * self.per_epoch + batch, bound.program
        executor.run(bound, step, step + 1)
        count = min(self.question.batch, len(self.data.splits.train) - batch * self.question.batch)
        draw = Draw(epoch + 1, step, bound.work(program.output, 0, count)[place].reshape(-1).copy())
        if "weights" not in program.named:
            return draw
        partner, weight = (bound.work(program.named[name], 0, count)[place] for name in ("partners", "weights"))
        return replace(draw, partner=int(partner), weight=float(weight))

    def _before(self, row: int) -> Array:
        values: Array = self.data.dataset.columns[INPUTS][row].reshape(-1).astype(self.network.dtype)
        if self.data.shift is not None and self.data.scale is not None:
            values = (values - self.data.shift.astype(values.dtype)) * self.data.scale.astype(values.dtype)
        return values
