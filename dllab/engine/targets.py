"""What a loss is given to compare with, and which losses do not go with a recipe's data or its last layer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dllab.catalogue import parts
from dllab.losses.loss import Loss
from dllab.ops.layer import Pointwise
from dllab.plan.flow import ShapeFlowError
from dllab.plan.plan import Column, Plan, Question
from dllab.recipe import Problem, Recipe, RecipeError

if TYPE_CHECKING:
    from dllab.data.dataset import Prepared

TARGETS = "targets"
LABELS = Column(TARGETS, (), "int32")


def with_targets(question: Question, loss: Loss, data: Prepared | None) -> Question:
    """The question with its targets chosen.

    Labels (B,) for a loss that takes them, and wherever the data have classes (for a loss of values the plan makes 0 and 1
    of them); else values, as many as the data have. Without data, labels or values that fit what the net gives.
    """
    if loss.targets == "none":
        return question
    if data is not None:
        labelled = data.dataset.task == "classification"
        if data.dataset.at_every_step:
            targets = data.dataset.columns[TARGETS]
            return replace(question, targets=Column(TARGETS, targets.shape[1:], "int32", gaps=bool(targets.min() < 0)))
        values = Column(TARGETS, (question.outputs,), "float32", data.target_shift is not None)
        return replace(question, targets=LABELS if labelled else values)
    shape = output_shape(question)
    outputs = shape[-1] if len(shape) == 1 or loss.targets == "labels" else question.outputs
    labels = Column(TARGETS, shape[:-1], "int32")  # one for each row of outputs
    wanted = labels if loss.targets == "labels" else Column(TARGETS, shape, "float32")
    return replace(question, outputs=outputs, targets=wanted)


def output_shape(question: Question) -> tuple[int, ...]:
    """The shape of one output, whatever the loss."""
    try:
        plan = Plan(replace(question, loss=None, targets=None))
    except ShapeFlowError:  # told where the net itself is planned
        return (question.outputs,)
    return tuple(int(d) for d in plan.output_shape[1:])


def check_loss(recipe: Recipe, loss: Loss, data: Prepared | None) -> None:
    """Raise RecipeError for a loss of classes on data without, and for a last layer that spoils the scores it works on."""
    if loss.targets == "labels" and data is not None and data.dataset.task != "classification":
        problem = f"{loss.name} needs classes, and the data set {data.dataset.name} has numbers to predict (regression)"
        raise RecipeError([Problem(problem, recipe.place("loss"), "for numbers write loss: mse, mae or huber")])
    last = recipe.model[-1]
    kind = last.part.name
    if loss.absorbs is None or not isinstance(last.part, Pointwise) or kind in (loss.absorbs, "identity"):
        return
    others = [other.name for other in parts("losses").values() if issubclass(other, Loss) and other.absorbs == kind]
    instead = "".join(f"; or keep {kind} and write loss: {other}" for other in others)
    problem = f"{kind} as the last layer spoils {loss.name}, which works on the scores that go into {loss.absorbs}"
    raise RecipeError([Problem(problem, last.place, f"end the model in {loss.absorbs}, or without {kind}{instead}")])
