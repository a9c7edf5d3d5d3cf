"""A recipe's augmentations, checked against the shape of its data and against its loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dllab.augment.augmentation import Augmentation
from dllab.augment.frame import Frame, frame_of
from dllab.losses.loss import Loss
from dllab.plan.augmented import Augmenting
from dllab.recipe import Problem, Recipe, RecipeError
from dllab.recipe.parts import AugmentEntry
from dllab.symbols import ShapeError

if TYPE_CHECKING:
    from dllab.data.dataset import Prepared


def augmenting_of(recipe: Recipe, loss: Loss, data: Prepared | None) -> Augmenting | None:
    """What changes the training rows; None for a recipe that leaves them. Raises RecipeError for parts that do not fit."""
    if not recipe.augment or data is None:
        return None
    frame = frame_of(data.dataset.input_shape, data.dataset.features)
    problems = _of_ids(recipe, data) or [*_unfit(recipe, frame, data), *_unmixable(recipe, loss, data)]
    if problems:
        raise RecipeError(problems)
    return Augmenting(tuple(cast(Augmentation, entry.part) for entry in recipe.augment), frame)


def _of_ids(recipe: Recipe, data: Prepared) -> list[Problem]:
    """Ids are names, not numbers that could be a little more or less."""
    if not data.dataset.vocabulary:
        return []
    told = f"and the inputs of the data set {data.dataset.name} are ids"
    return [Problem(f"{e.part.name} changes numbers, {told}", e.place, "leave augment: out") for e in recipe.augment]


def _unfit(recipe: Recipe, frame: Frame, data: Prepared) -> list[Problem]:
    problems = []
    for entry in recipe.augment:
        try:
            cast(Augmentation, entry.part).check(frame)
        except ShapeError as error:
            problem, _, hint = str(error).partition("; ")
            shape = f"of shape {('N', *data.dataset.input_shape)}".replace("'", "")
            problems.append(Problem(f"{problem} (data set {data.dataset.name}, {shape})", entry.place, hint))
            continue
        if data.dataset.at_every_step and cast(Augmentation, entry.part).moves:
            problem = f"{entry.part.name} moves steps away from their labels; {data.dataset.name} has one at every step"
            problems.append(Problem(problem, entry.place, "leave it out"))
    return problems


def _unmixable(recipe: Recipe, loss: Loss, data: Prepared) -> list[Problem]:
    """What stands against mixing rows."""
    problems = []
    for number, entry in enumerate(recipe.augment, 1):
        if not _mixes(entry):
            continue
        name = entry.part.name
        if number < len(recipe.augment):
            problem = f"{name} stands before {recipe.augment[number].part.name}, and must be the last of augment:"
            problems.append(Problem(problem, entry.place, "move it to the end of the list"))
        elif data.dataset.at_every_step:
            problem = f"{name} makes shares of one class a row, and {data.dataset.name} has a label at every step"
            problems.append(Problem(problem, entry.place, "leave it out"))
        elif loss.targets == "labels" and not loss.shares:
            problem = f"{name} makes shares of classes of the labels, and {loss.name} takes whole classes only"
            problems.append(Problem(problem, entry.place, "take loss: cross_entropy, or leave it out"))
    return problems


def _mixes(entry: AugmentEntry) -> bool:
    return cast(Augmentation, entry.part).mixes
