"""The curve of an activation: what it makes of any number, and its slope there, by the kernels that train nets.

y = f(x)    from the way forward,    f'(x) = (dL/dx) / (dL/dy)    from the way back, with a loss that makes dL/dy 1
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dllab.catalogue import parts
from dllab.engine.inside import Inside
from dllab.engine.network import Network
from dllab.engine.prepare import plan_of
from dllab.engine.question import question_of
from dllab.ops.layer import Layer
from dllab.recipe import load


@dataclass(frozen=True, eq=False)
class Curve:
    """Of one activation, in float64: its value and its slope (N,) at each of `x` (N,)."""

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    slope: NDArray[np.float64]


def names() -> list[str]:
    """All activations that work on every number by itself, in the order of the catalogue."""
    return [name for name, part in parts("layers").items() if part.group == "activations" and _alone(part)]


def curve(name: str, x: ArrayLike, options: Mapping[str, Any] | None = None) -> Curve:
    """Value and slope of an activation at each x. Raises RecipeError for options that it does not have."""
    places = np.asarray(x, np.float64).reshape(-1, 1)
    layer = {name: dict(options)} if options else name
    recipe = load({"input": [1], "model": [{"dense": {"units": 1, "init": {"constant": 1}}}, layer], "loss": "mse"})
    question = dataclasses.replace(question_of(recipe, None, precision="float64", seed=0), shards=1)
    network = Network(plan_of(recipe, question), recipe)
    y = network.forward(places)
    inside = Inside.training(network, places, y - 1)
    before, after = (inside.output_gradient(info.path) for info in inside.infos)
    assert before is not None and after is not None
    return Curve(name, places[:, 0], y[:, 0].astype(np.float64), (before / after)[:, 0].astype(np.float64))


def gap(name: str, x: ArrayLike, h: float = 1e-6) -> float:
    """How far slopes are from difference quotients of the values, (f(x + h) - f(x - h)) / 2h, at most; not for kinks."""
    places = np.asarray(x, np.float64)
    quotient = (curve(name, places + h).y - curve(name, places - h).y) / (2 * h)
    return float(np.abs(curve(name, places).slope - quotient).max())


def _alone(part: Any) -> bool:
    return issubclass(part, Layer) and part.elementwise
