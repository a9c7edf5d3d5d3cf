"""Loads a recipe's data and plans its net; what goes wrong is a RecipeError at the recipe's own place."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from dllab.engine.patterns import with_transfer
from dllab.plan.flow import ShapeFlowError
from dllab.plan.plan import Plan, Question
from dllab.recipe import Problem, Recipe, RecipeError

LAYERS_SHOWN = 14
"""Lines of a way of shapes, so that it and the message above it fit a terminal."""

if TYPE_CHECKING:
    from dllab.data.dataset import Prepared, Source
    from dllab.data.folds import Folds


def prepared(recipe: Recipe) -> Prepared | None:
    """The recipe's data, split and with the scaling found; None for a recipe without data."""
    if recipe.data is None:
        return None
    try:
        return _prepared(recipe.data, recipe.data.stamp())  # type: ignore[attr-defined]
    except ValueError as error:
        problem, _, hint = str(error).partition("; ")
        told = getattr(error, "problem", problem), recipe.place("data"), getattr(error, "hint", hint)
        raise RecipeError([Problem(*told)]) from None


def data_of(recipe: Recipe) -> Prepared:
    """The data of a recipe that is to be looked at. Raises RecipeError where it has none."""
    data = prepared(recipe)
    if data is None:
        hint = "give it data:, or use `dllab summary` and `dllab gradcheck`, which need none"
        raise RecipeError([Problem("this recipe has no data to look at", recipe.place("input"), hint)])
    return data


def folds_of(recipe: Recipe) -> Folds:
    """The recipe's data dealt out in its folds."""
    options = recipe.train.folds
    if options is None:
        hint = "give it folds: `train: {folds: 5}`, or the override train.folds=5"
        raise RecipeError([Problem("this recipe has no folds", recipe.place("train"), hint)])
    if recipe.data is None:
        hint = "give it data, such as data: moons"
        raise RecipeError([Problem("this recipe has no data to deal out in folds", recipe.place("input"), hint)])
    from dllab.data.folds import Folds

    try:
        return Folds(recipe.data, options.count, options.repeats)  # type: ignore[arg-type]
    except ValueError as error:
        problem, _, hint = str(error).partition("; ")
        raise RecipeError([Problem(problem, recipe.place("train"), hint)]) from None


@lru_cache(maxsize=8)
def _prepared(source: Source, stamp: tuple[int, ...]) -> Prepared:
    return source.prepare()


def plan_of(recipe: Recipe, question: Question) -> Plan:
    """The plan of a question, with what the recipe freezes and slows down.

    A layer that does not fit is reported with the flow of shapes down to it.
    """
    try:
        return with_transfer(recipe, Plan(question))
    except ShapeFlowError as error:
        start = ("input", shape_text(("B", *question.inputs.shape)))
        rows = tuple(_flow(start, error))
        told = Problem(f"{error.path}: {error.problem}", error.entry.place, "the shapes down to it:", rows)
        raise RecipeError([told]) from None


def _flow(start: tuple[str, str], error: ShapeFlowError) -> list[str]:
    """A line for each layer down to the one that does not fit; of a long way, its end."""
    way = [start]
    for info in error.infos:
        inner = way[-1][0] + "."
        if info.output_shape and not info.path.startswith(inner):  # a finished block stands for what is in it
            way.append((info.path, shape_text(info.output_shape)))
    width = max(len(name) for name, _ in [*way, (error.path, "")])
    lines = [f"{name:{width}}  {shape}" for name, shape in way]
    left_out = len(lines) - LAYERS_SHOWN
    if left_out > 1:
        lines[1 : left_out + 1] = [f"… {left_out} layers"]
    failing = [shape_text(info.input_shape) for info in error.infos if info.path == error.path]
    reads = "".join(f", with {shape}" for shape in failing if shape != way[-1][1])  # a path of branches, or `from:`
    return [*lines, f"{error.path:{width}}  ← here{reads}"]


def shape_text(shape: tuple[int | str, ...]) -> str:
    """`(B, 64)`."""
    return "(" + ", ".join(str(d) for d in shape) + ("," if len(shape) == 1 else "") + ")"
