"""What a recipe asks of its data, checked before training: splits to watch, metrics that fit, figures to reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dllab.metrics.metric import Metric
from dllab.recipe import Problem, Recipe, RecipeError

if TYPE_CHECKING:
    from dllab.data.dataset import Prepared

HOLDS = {"classification": "classes", "regression": "values"}
SET_ASIDE = "set aside some of the data for it: data: {%s: 0.2}"


def check_demands(recipe: Recipe, data: Prepared, metrics: Sequence[Metric]) -> None:
    """Raise RecipeError with everything that these data and metrics cannot give."""
    problems = [
        *_carried(recipe, data),
        *_bucketed(recipe, data),
        *_unfit(recipe, data, metrics),
        *_unwatched(recipe, data, metrics),
        *_unreachable(recipe, data, metrics),
    ]
    if problems:
        raise RecipeError(problems)


def _carried(recipe: Recipe, data: Prepared) -> list[Problem]:
    """States can only go on where rows do, in their own order."""
    if not recipe.train.carry_state:
        return []
    place, problems = recipe.place("train"), []
    if not data.dataset.flows:
        hint = "take the windows of a text one after the other (stride: left out), or leave carry_state out"
        problems.append(
            Problem(f"carry_state: the rows of {data.dataset.name} do not go on from one to the next", place, hint)
        )
    if recipe.train.shuffle:
        hint = "write train: {carry_state: true, shuffle: false}"
        problems.append(Problem("carry_state needs the rows in their order, and shuffle mixes them", place, hint))
    if len(data.splits.train) < 2 * _batch(recipe, data):
        hint = "give it a smaller batch"
        problems.append(Problem("carry_state: the training rows do not fill two batches", place, hint))
    return problems


def _bucketed(recipe: Recipe, data: Prepared) -> list[Problem]:
    """Batches by length need lengths, and an order that may be changed."""
    if not recipe.train.bucket_lengths:
        return []
    place, problems = recipe.place("train"), []
    if "lengths" not in data.dataset.columns:
        problem = f"bucket_lengths: the sequences of {data.dataset.name} are all of the same length"
        problems.append(Problem(problem, place, "leave it out"))
    if not recipe.train.shuffle or len(data.splits.train) <= _batch(recipe, data):
        problem = "bucket_lengths puts batches together anew in every epoch, and shuffle or batch forbids that"
        problems.append(Problem(problem, place, "keep shuffle: true and a batch smaller than the data"))
    return problems


def _batch(recipe: Recipe, data: Prepared) -> int:
    return len(data.splits.train) if recipe.train.batch == "full" else int(recipe.train.batch)


def _unfit(recipe: Recipe, data: Prepared, metrics: Sequence[Metric]) -> list[Problem]:
    task = data.dataset.task
    hint = "leave metrics: out for the usual ones"
    return [
        Problem(f"{m.name} is for {m.task}, and this data set has {HOLDS[task]}", recipe.place("metrics"), hint)
        for m in metrics
        if m.task != task
    ]


def _unwatched(recipe: Recipe, data: Prepared, metrics: Sequence[Metric]) -> list[Problem]:
    stop = recipe.train.early_stop
    if stop is None:
        return []
    problems, names = [], _figures(metrics)
    if len(data.splits.validation) == 0:
        hint = SET_ASIDE % "validation"
        problems.append(Problem("early_stop needs a validation split", recipe.place("train"), hint))
    if stop.metric not in names:
        hint = f"it can watch {', '.join(names)}; metrics: adds others"
        problems.append(Problem(f"early_stop watches {stop.metric}, which is not measured", recipe.place("train"), hint))
    return problems


def _unreachable(recipe: Recipe, data: Prepared, metrics: Sequence[Metric]) -> list[Problem]:
    problems, names = [], _figures(metrics)
    for key in recipe.expect:
        split, _, figure = key.partition("_")
        if len(getattr(data.splits, split)) == 0:
            problems.append(Problem(f"expect: there is no {split} split", recipe.place("expect"), SET_ASIDE % split))
        elif figure not in names:
            hint = f"the figures are {', '.join(names)}; metrics: adds others"
            problems.append(Problem(f"expect: {figure} is not measured", recipe.place("expect"), hint))
    return problems


def _figures(metrics: Sequence[Metric]) -> list[str]:
    """What is one number: not a table, which has no better and worse."""
    return ["loss", *(m.name for m in metrics if not getattr(m, "table", False))]
