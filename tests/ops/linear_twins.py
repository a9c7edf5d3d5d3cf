"""The gradient of a linear layer from its forward twin alone, one input number after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def pulled_back(forward: Callable[[Array], Array], shape: tuple[int, ...], dy: Array) -> Array:
    """What dy says of an input of that shape: the sum of dy times what each single 1 in the input gives."""
    found = np.zeros(shape)
    for index in np.ndindex(*shape):
        one = np.zeros(shape)
        one[index] = 1.0
        found[index] = float((forward(one) * dy).sum())
    return found


def ramp(shape: tuple[int, ...], seed: int = 0, precision: str = "float64") -> Array:
    """Random numbers of that shape."""
    return np.random.default_rng(seed).normal(size=shape).astype(precision)
