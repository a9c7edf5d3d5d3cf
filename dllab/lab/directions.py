"""Directions through the weights of a net: random ones of the size of its filters, and those of a training.

Li, Xu, Taylor, Studer, Goldstein, Visualizing the loss landscape of neural nets (NeurIPS 2018), sections 4 and 7. All
are vectors (P,) in the recipe's order of parameters (lab/weight_path.py), in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine.network import Network, in_recipe_order
from dllab.lab.suits import TABLES
from dllab.lab.weight_path import WeightPath, vector
from dllab.symbols import Parameter

BY_ROW = (*TABLES, "positional")
"""Layers with a vector for each id or step: these are their filters. In other layers a filter is what makes one output."""
SHARPEST = 1e-6
"""A second direction that carries less than this share of the first is rounding."""

Vector = NDArray[np.float64]


class NoPlane(ValueError):
    """A training whose way spans no plane."""


@dataclass(frozen=True, eq=False)
class WeightPlane:
    """Two directions (2, P), each as long as the weights of the net; `shares` of a path's variance that lie along them."""

    directions: Vector
    length: float
    shares: tuple[float, float] | None = None


def random_plane(network: Network, seed: int) -> WeightPlane:
    """Two directions of normally distributed numbers, every filter scaled to the norm that the net's own has.

    Parameters of one axis, which are biases and those of normalisations, are left alone. Raises NoPlane.
    """
    length = float(np.linalg.norm(_filters_only(network)))
    if length == 0:
        raise NoPlane("all weights are 0, and no direction is as long as they are; look at the net after some training")
    directions = np.stack([_like_filters(network, seed, number) for number in range(2)])
    return WeightPlane(directions, length)


def path_plane(network: Network, path: WeightPath) -> WeightPlane:
    """The first two principal directions of the weights along a training, as differences from the net's. Raises NoPlane."""
    ways = path.weights.astype(np.float64) - vector(network).astype(np.float64)
    ways = ways - ways.mean(axis=0)
    squares, coordinates = np.linalg.eigh(np.nan_to_num(ways @ ways.T))  # (K, K): copies are few, weights are many
    spanned = len(squares) >= 3 and squares[-1] > 0 and squares[-2] >= SHARPEST * squares[-1]
    if not spanned or not np.isfinite(ways).all():
        raise NoPlane("the weights have moved along a line, if at all, or beyond all numbers: that spans no plane")
    length = float(np.linalg.norm(vector(network).astype(np.float64)))
    found = []
    for number in (1, 2):
        direction = ways.T @ coordinates[:, -number]
        direction *= length / np.linalg.norm(direction)
        start = path.weights[0].astype(np.float64) - vector(network)
        found.append(direction if start @ direction <= 0 else -direction)  # so that a path begins at the lower left
    total = float(np.maximum(squares, 0).sum())
    return WeightPlane(np.stack(found), length, (float(squares[-1]) / total, float(squares[-2]) / total))


def filters(parameter: Parameter, values: NDArray[Any], kind: str) -> NDArray[Any]:
    """A parameter's filters as rows (filters, numbers in each)."""
    if kind == "depthwise_conv":
        return values.reshape(-1, values.shape[-2] * values.shape[-1]).T
    if kind in BY_ROW or parameter.label.endswith(".u"):
        return values.reshape(len(values), -1)
    return values.reshape(-1, values.shape[-1]).T


def with_kinds(network: Network) -> Iterator[tuple[Parameter, str]]:
    """The parameters in the recipe's order, each with the kind of the layer it belongs to."""
    kinds = {id(parameter): info.kind for info in network.plan.infos for parameter in info.parameters}
    for parameter in in_recipe_order(network.plan):
        yield parameter, kinds.get(id(parameter), "")


def _like_filters(network: Network, seed: int, number: int) -> Vector:
    found = []
    for place, (parameter, kind) in enumerate(with_kinds(network)):
        own = network.parameters[parameter.label].astype(np.float64)
        drawn = np.random.default_rng([seed, number, place]).normal(size=own.shape)
        if own.ndim < 2:
            found.append(np.zeros(own.size))
            continue
        rows, norms = filters(parameter, drawn, kind), np.linalg.norm(filters(parameter, own, kind), axis=1)
        rows *= (norms / np.linalg.norm(rows, axis=1))[:, np.newaxis]  # a view of what was drawn
        found.append(drawn.reshape(-1))
    return np.concatenate(found)


def _filters_only(network: Network) -> Vector:
    return np.concatenate([np.zeros(1), *(v.reshape(-1) for v in network.parameters.values() if v.ndim > 1)]).astype(
        np.float64
    )
