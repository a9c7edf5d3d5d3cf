"""A net of dense layers worked out by hand: with Python's own numbers, one sum after the other, and no array."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from numpy.typing import NDArray

from dllab.lab.suits import Unsuited
from dllab.plan.flow import LayerInfo

Row = list[float]
Forget = Literal["nothing", "bias", "activation"]

ACTIVATIONS: dict[str, Callable[[float], float]] = {
    "identity": float,
    "relu": lambda z: max(z, 0.0),
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "silu": lambda z: z / (1 + math.exp(-z)),
    "softplus": lambda z: math.log1p(math.exp(z)),
    "softsign": lambda z: z / (1 + abs(z)),
    "step": lambda z: float(z > 0),
    "tanh": math.tanh,
}


def forward(infos: Sequence[LayerInfo], parameters: Mapping[str, NDArray[Any]], row: Sequence[float],
            forget: Forget = "nothing") -> list[Row]:  # fmt: skip
    """What each layer makes of one input. `forget`: the biases, or the activations of all layers but the last.

    Raises Unsuited for layers of other kinds.
    """
    numbers, steps = list(row), []
    for place, info in enumerate(infos, 1):
        if info.kind == "dense":
            w, b = parameters[f"{info.path}.w"], parameters.get(f"{info.path}.b")
            biases = [0.0] * w.shape[1] if b is None or forget == "bias" else b.tolist()
            numbers = [_weighed(numbers, column, bias) for column, bias in zip(w.T.tolist(), biases)]
        elif forget != "activation" or place == len(infos):
            numbers = _activated(info.kind, numbers)
        steps.append(numbers)
    return steps


def cross_entropy(p: Sequence[float], target: int) -> float:
    """Minus the logarithm of the probability that was given to the target; a single p is that of class 1."""
    if len(p) == 1:
        return -math.log(p[0] if target == 1 else 1 - p[0])
    return -math.log(p[target])


def _weighed(numbers: Row, weights: Row, bias: float) -> float:
    """The numbers times the weights, added up, and the bias."""
    total = bias
    for x, w in zip(numbers, weights):
        total += x * w
    return total


def _activated(kind: str, numbers: Row) -> Row:
    if kind == "softmax":
        powers = [math.exp(z - max(numbers)) for z in numbers]
        return [power / sum(powers) for power in powers]
    if kind not in ACTIVATIONS:
        raise Unsuited(f"{kind} is not worked out by hand", f"dense layers are, with {', '.join(ACTIVATIONS)}, softmax")
    return [ACTIVATIONS[kind](z) for z in numbers]
