"""A recipe's data as its net gets them: splits, classes, ranges before and after scaling, examples. Nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.augment.frame import Frame, frame_of
from dllab.data.dataset import Prepared, Rows, Source
from dllab.engine.prepare import data_of
from dllab.lab.datasets import DataSummary, summary_of
from dllab.lab.examples import rows_of, split_of, splits_of
from dllab.recipe import Recipe

CLASSES = 32
"""Of more classes examples are of the first ones."""


@dataclass(frozen=True)
class Range:
    """Numbers of the training rows: of a feature, a target, or all of them."""

    name: str
    least: float
    greatest: float
    mean: float
    spread: float


@dataclass(frozen=True)
class Drawn:
    """Row `row` of the data, at `place` in its split."""

    row: int
    place: int


@dataclass(frozen=True, eq=False)
class Seen:
    """`rows`: of each split that has any. `split`: that of the `examples`; `chosen`: whether these were asked for.

    `counts`: of each split, how many labels of each class, (classes,). `before`, `after`: ranges of the inputs as they are
    and as the net sees them, one by one where they are few, else of all; `targets_before`, `targets_after`: of numbers.
    """

    recipe: Recipe
    data: Prepared
    summary: DataSummary
    frame: Frame
    rows: dict[str, Rows]
    split: str
    examples: tuple[Drawn, ...]
    chosen: bool
    counts: dict[str, NDArray[np.int64]]
    before: tuple[Range, ...]
    after: tuple[Range, ...]
    targets_before: tuple[Range, ...]
    targets_after: tuple[Range, ...]

    @property
    def text(self) -> bool:
        """Whether inputs are ids of words or letters."""
        return bool(self.data.dataset.vocabulary)


def seen(recipe: Recipe, *, split: str | None = None, each: int = 1, inputs: Sequence[int] = (), single: int = 20) -> Seen:
    """The data of a recipe, with `each` examples of every class, or those `inputs` of the split.

    `single`: features are told of one by one up to so many. Raises Unsuited, RecipeError.
    """
    data = data_of(recipe)
    assert isinstance(recipe.data, Source)
    rows = dict(reversed(splits_of(data).items()))
    where = split_of(data, split, "train")
    dataset, train, summary = data.dataset, data.splits.train, summary_of(recipe.data, data)
    numbers = not dataset.vocabulary
    names = _names(dataset.features, dataset.columns["targets"], single)
    return Seen(
        recipe=recipe, data=data, summary=summary, frame=frame_of(dataset.input_shape, dataset.features), rows=rows,
        split=where, examples=_examples(data, rows[where], where, each, inputs), chosen=bool(inputs),
        counts={name: _counts(data, found) for name, found in rows.items()},
        before=_ranges(dataset.columns["inputs"][train], names[0], "inputs") if numbers else (),
        after=_ranges(data.seen(train), names[0], "inputs") if numbers else (),
        targets_before=() if dataset.classes else _ranges(dataset.columns["targets"][train], names[1], "targets"),
        targets_after=() if dataset.classes else _ranges(data.targets(train), names[1], "targets"),
    )  # fmt: skip


def _names(features: Sequence[str], targets: NDArray[Any], single: int) -> tuple[Sequence[str], Sequence[str]]:
    """Names of inputs and targets, () of so many that they are told of together."""
    count = targets.shape[1] if targets.ndim > 1 else 1
    own = ["target"] if count == 1 else [f"target {number + 1}" for number in range(count)]
    return features if len(features) <= single else (), own if count <= single else ()


def _ranges(values: NDArray[Any], names: Sequence[str], what: str) -> tuple[Range, ...]:
    flat = values.reshape(len(values), -1)
    if len(names) != flat.shape[1]:
        return (_range(f"all {flat.shape[1]:,} {what}", flat),)
    return tuple(_range(name, column) for name, column in zip(names, flat.T))


def _range(name: str, values: NDArray[Any]) -> Range:
    mean, spread = values.mean(dtype=np.float64), values.std(dtype=np.float64)
    return Range(name, float(values.min()), float(values.max()), float(mean), float(spread))


def _counts(data: Prepared, rows: Rows) -> NDArray[np.int64]:
    classes = data.dataset.classes
    labels = data.dataset.columns["targets"][rows] if classes else np.zeros(0, np.int32)
    return np.bincount(labels[labels >= 0], minlength=len(classes))


def _examples(data: Prepared, rows: Rows, split: str, each: int, inputs: Sequence[int]) -> tuple[Drawn, ...]:
    if inputs:
        return tuple(map(Drawn, rows_of(data, split, inputs), inputs))
    dataset = data.dataset
    if not dataset.classes or dataset.at_every_step:
        return tuple(Drawn(int(row), number) for number, row in enumerate(rows[: max(each, 4)]))
    labels = dataset.columns["targets"][rows]
    found = [np.flatnonzero(labels == label)[:each] for label in range(min(len(dataset.classes), CLASSES))]
    return tuple(Drawn(int(rows[number]), int(number)) for numbers in found for number in numbers)
