"""From a validated recipe (and what its data look like) to the question a plan answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dllab.catalogue import find
from dllab.engine import targets
from dllab.engine.augmenting import augmenting_of
from dllab.losses.loss import Loss
from dllab.optim.optimizer import Transform, fault_of
from dllab.plan.plan import Column, Question
from dllab.recipe import Problem, Recipe, RecipeError
from dllab.symbols import CONTINUES, DECODER, LENGTHS

if TYPE_CHECKING:
    from dllab.data.dataset import Prepared

INPUTS, TARGETS = "inputs", targets.TARGETS
FIRST_ROWS = 8
"""Rows that nearly always show already that inputs are measured."""


def question_of(recipe: Recipe, data: Prepared | None, *, precision: str | None = None, seed: int | None = None,
                batch: int | None = None, input_gradient: bool = False) -> Question:  # fmt: skip
    """The question of a recipe; with `data` None the inputs have the recipe's `input:` shape and are not scaled.

    Raises RecipeError where the loss does not go with the data or with the last layer.
    """
    precision = precision or recipe.train.dtype
    outputs = declared_outputs(recipe) if data is None else data.dataset.outputs
    loss = loss_of(recipe, data)
    targets.check_loss(recipe, loss, data)
    if data is None:
        inputs = Column(INPUTS, tuple(recipe.input or ()), precision)
    else:
        dataset = data.dataset
        inputs = Column(INPUTS, dataset.input_shape, str(dataset.columns[INPUTS].dtype), data.shift is not None)
    rows = len(data.splits.train) if data is not None else 32
    full = recipe.train.batch == "full"
    question = Question(
        model=recipe.model,
        inputs=inputs,
        targets=None,
        loss=loss,
        chain=chain_of(recipe),
        outputs=outputs,
        batch=batch or (rows if full else min(int(recipe.train.batch), rows)),
        precision=precision,
        seed=recipe.train.seed if seed is None else seed,
        shuffle=recipe.train.shuffle and not full,
        bucket=recipe.train.bucket_lengths and data is not None and not full,
        input_gradient=input_gradient,
        augmenting=augmenting_of(recipe, loss, data),
        extras=() if data is None else extras_of(recipe, data),
        tables=() if data is None else tables_of(data),
        vocabulary=0 if data is None else len(data.dataset.vocabulary),
        whole=data is None or holds_whole_numbers(data),
        words=() if data is None else data.dataset.vocabulary,
    )
    return targets.with_targets(question, loss, data)


def extras_of(recipe: Recipe, data: Prepared) -> tuple[Column, ...]:
    """The columns that a net reads beside inputs and targets; data keep books in others, of which layers know nothing."""
    columns = {name: c for name, c in data.dataset.columns.items() if name in (LENGTHS, DECODER)}
    found = [Column(name, column.shape[1:], str(column.dtype)) for name, column in columns.items()]
    if recipe.train.carry_state:
        found.append(Column(CONTINUES, (), "float32"))
    return tuple(found)


def holds_whole_numbers(data: Prepared) -> bool:
    """Whether the net sees whole numbers from 0 up as they are, which a layer may take for ids, as of an .npz file."""
    x = data.dataset.columns[INPUTS]
    if data.shift is not None or x.dtype != np.float32:
        return False
    return all(bool((part >= 0).all() and (part == np.floor(part)).all()) for part in (x[:FIRST_ROWS], x[FIRST_ROWS:]))


def tables_of(data: Prepared) -> tuple[Column, ...]:
    """The arrays of a data set that are not by rows."""
    return tuple(Column(name, table.shape, str(table.dtype)) for name, table in data.dataset.tables.items())


def loss_of(recipe: Recipe, data: Prepared | None) -> Loss:
    """The recipe's loss, or the usual one for the data's task."""
    if recipe.loss is not None:
        assert isinstance(recipe.loss, Loss)
        return recipe.loss
    if data is not None:
        regression = data.dataset.task == "regression"
    else:
        regression = not (recipe.model and recipe.model[-1].part.name in ("softmax", "sigmoid"))
    last = recipe.model[-1].part.name if recipe.model else ""
    name = "mse" if regression else "binary_cross_entropy" if last == "sigmoid" else "cross_entropy"
    loss = find("losses", name)()
    assert isinstance(loss, Loss)
    return loss


def chain_of(recipe: Recipe) -> tuple[Transform, ...]:
    """Clipping and penalties of `train:` in front of the recipe's own chain. Raises RecipeError for one that cannot be."""
    options = recipe.train
    wanted = [
        ("clip_norm", "max_norm", options.clip_norm),
        ("clip_value", "limit", options.clip_value),
        ("l1", "strength", options.l1),
        ("l2", "strength", options.l2),
        ("weight_decay", "strength", options.weight_decay),
    ]
    links = []
    for name, main, value in wanted:
        if value:
            part = find("optimizers", name)
            links.append(part(**{part.main or main: value}))
    chain: tuple[Transform, ...] = (*links, *recipe.optimizer)  # type: ignore[arg-type]
    if (fault := fault_of(chain)) is not None:
        raise RecipeError([Problem(fault[0], recipe.place("optimizer"), fault[1])])
    return chain


def declared_outputs(recipe: Recipe) -> int:
    """How many outputs a recipe without data has: the units of its last dense layer, or the ids of the table it ties."""
    sizes = {entry.label: getattr(entry.part, "size", None) for entry in recipe.model if entry.label}
    for entry in reversed(recipe.model):
        size = sizes.get(getattr(entry.part, "table", ""))
        if isinstance(size, int):
            return size
        units = getattr(entry.part, "units", None)
        if isinstance(units, int):
            return units
    return 1
