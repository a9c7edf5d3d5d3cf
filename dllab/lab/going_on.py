"""A net that is trained further by another recipe: other activations, another rate; it is looked at on the way."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TypeVar

import numpy as np

from dllab.lab.subject import Subject
from dllab.recipe import Recipe

T = TypeVar("T")


def training_loss(net: Subject) -> float:
    """The loss of all training rows as one batch."""
    rows = net.rows("train")
    return net.network.loss_and_gradients(net.data.seen(rows), net.data.targets(rows), **net.extras(rows))[0]


def go_on(net: Subject, recipe: Recipe, steps: int, look: Callable[[Subject], T], looks: int = 10, *,
          seed: int = 0) -> list[T]:  # fmt: skip
    """What `look` sees of a net with the weights of `net`, before and `looks` times during `steps` steps of the recipe.

    The recipe's parameters must have the shapes of the net's, in the same order; `net` itself stays as it is. Batches are
    drawn by `seed` from the training rows. Raises ValueError for parameters that do not fit.
    """
    other = Subject.untrained(recipe, seed=seed)
    own, given = list(other.network.parameters.values()), list(net.network.parameters.values())
    if [one.shape for one in own] != [one.shape for one in given]:
        raise ValueError("the net that goes on has parameters of other shapes")
    for values, taken in zip(own, given):
        values[...] = taken
    rows, batch, looks = other.rows("train"), other.network.plan.question.batch, min(looks, steps)
    ends = [-(-steps * place // looks) for place in range(1, looks + 1)]
    most = max((last - first for first, last in pairwise([0, *ends])), default=1)
    x, y, extras = other.data.seen(rows), other.data.targets(rows), other.extras(rows)
    stepping = other.network.stepping(x, y, batch, most, **extras)
    seen, draw = [look(other)], np.random.default_rng(seed)
    for first, last in pairwise([0, *ends]):
        stepping.run(draw.integers(0, len(rows), (last - first, batch)))
        seen.append(look(other))
    return seen
