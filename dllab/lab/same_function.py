"""One function, two nets: the weights with which sigmoids compute what a stack of dense layers with tanh computes.

    tanh(z) = 2 sigmoid(2 z) - 1

So the weights into a hidden layer are doubled; and a layer that reads sigmoids in place of tanhs has its weights doubled
once more, and what the constant -1 used to give it taken off its bias.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.lab.subject import Subject
from dllab.recipe import Recipe


def twin(net: Subject, recipe: Recipe) -> Subject:
    """An untrained net of sigmoids, of that recipe, with the function of a net with tanh. Raises ValueError as below."""
    found = Subject.untrained(recipe)
    for own, values in zip(found.network.parameters.values(), with_sigmoids(net.network.parameters)):
        own[...] = values
    return found


def with_sigmoids(parameters: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float64]]:
    """Parameters w, b, w, b, ... of dense layers with sigmoids between them, from those of such layers with tanh.

    Raises ValueError for parameters of other layers.
    """
    given = [np.asarray(values, np.float64) for values in parameters.values()]
    pairs = list(zip(given[::2], given[1::2]))
    if len(given) % 2 or any(w.ndim != 2 or b.shape != w.shape[1:] for w, b in pairs):
        raise ValueError("these are no dense layers with biases: expected w (inputs, units), b (units,), w, b, ...")
    found = []
    for place, (w, b) in enumerate(pairs):
        if place > 0:
            w, b = 2 * w, b - w.sum(0)
        if place < len(pairs) - 1:
            w, b = 2 * w, 2 * b
        found += [w, b]
    return found
