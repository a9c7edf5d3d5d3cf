"""What a net begins with: weights that were trained before, layers that stay as they are, rates of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dllab.engine.network import Network
from dllab.engine.patterns import Names, listed
from dllab.recipe import Problem, Recipe, RecipeError
from dllab.training.state import Arrays, net_views

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Source:
    """Weights to begin with, by name, and what a run tells of where they come from (plain JSON data)."""

    arrays: Arrays
    origin: dict[str, Any]


@dataclass(frozen=True)
class Fit:
    """How the layers of a source and of a net go together. `arrays` are taken; the others are layers."""

    arrays: tuple[str, ...]
    taken: tuple[str, ...]
    new: tuple[str, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True)
class Beginning:
    """What a run begins with, where that is not all new.

    `origin`: where weights come from and which were taken (see `origin_of`); None for new weights. `frozen`: layers, and
    arrays of others. `factors`: of the learning rate, by layer, or by array where those of one layer differ.
    """

    parameters: int
    frozen: tuple[str, ...] = ()
    frozen_parameters: int = 0
    factors: dict[str, float] = field(default_factory=dict)
    origin: dict[str, Any] | None = None

    def document(self) -> dict[str, Any]:
        """As plain JSON data; keys for what there is."""
        told: dict[str, Any] = {} if self.origin is None else {"init_from": self.origin}
        if self.frozen:
            told |= {"frozen": list(self.frozen), "frozen_parameters": self.frozen_parameters}
        if self.factors:
            told["lr_factors"] = [{"name": name, "factor": factor} for name, factor in self.factors.items()]
        return told


def shapes_of(arrays: Arrays) -> dict[str, tuple[int, ...]]:
    """The shapes of named arrays."""
    return {name: array.shape for name, array in arrays.items()}


def fit(recipe: Recipe, network: Network, there: Shapes) -> Fit:
    """Which layers of a net find their weights in a source. Raises RecipeError where none does.

    A layer is taken if its arrays that the source has are of the same shapes; one of another shape leaves the layer new.
    """
    assert recipe.init_from is not None
    names, here = Names.of(network.plan), shapes_of(net_views(network))
    wanted = chosen(recipe, names)
    own = {layer: [label for label in here if layer_of(label) == layer] for layer in dict.fromkeys(map(layer_of, here))}
    taken, arrays = [], []
    for layer, labels in own.items():
        shared = [label for label in labels if label in there and label in wanted]
        if shared and all(there[label] == here[label] for label in shared):
            taken.append(layer)
            arrays += shared
    if not taken:
        raise RecipeError([Problem("init_from: no layer fits", recipe.place("init_from"), _side_by_side(here, there))])
    new = tuple(layer for layer in own if layer not in taken)
    absent = tuple(layer for layer in dict.fromkeys(map(layer_of, there)) if layer not in own)
    return Fit(tuple(arrays), tuple(taken), new, absent)


def chosen(recipe: Recipe, names: Names) -> set[str]:
    """The arrays that `init_from` asks for. Raises RecipeError for a pattern that fits none."""
    assert recipe.init_from is not None
    if not recipe.init_from.layers:
        return set(names.arrays)
    patterns = enumerate(recipe.init_from.layers)
    lists = [names.chosen(recipe, "init_from", pattern, f"init_from.layers[{i}]") for i, pattern in patterns]
    return {label for labels in lists for label in labels}


def take(recipe: Recipe, network: Network, source: Source) -> Beginning:
    """Put the weights of a source into a net; what there is to tell of it."""
    views, found = net_views(network), fit(recipe, network, shapes_of(source.arrays))
    for label in found.arrays:
        views[label][...] = source.arrays[label]
    parameters = sum(network.parameters[label].size for label in found.arrays if label in network.parameters)
    layers = {"taken": list(found.taken), "new": list(found.new), "absent": list(found.absent)}
    return beginning(network, {**source.origin, **layers, "parameters": parameters})


def beginning(network: Network, origin: dict[str, Any] | None = None) -> Beginning:
    """What a net begins with, from its plan."""
    parameters = network.plan.store.parameters
    frozen = {label for label, parameter in parameters.items() if parameter.frozen}
    return Beginning(
        parameters=sum(view.size for view in network.parameters.values()),
        frozen=_frozen(network),
        frozen_parameters=sum(network.parameters[label].size for label in frozen),
        factors=_by_layer({label: p.rate_factor for label, p in parameters.items() if not p.frozen}),
        origin=origin,
    )


def layer_of(label: str) -> str:
    """The layer that holds an array: `2_residual.0_dense` for `2_residual.0_dense.w`."""
    return label.rpartition(".")[0]


def by_place(array: tuple[str, Any]) -> list[tuple[bool, int, str]]:
    """A key that sorts names by place, labels behind: `2_dense.w` before `10_dense.w` before `head.w`."""
    numbers = [re.match(r"\d*", step)[0] for step in array[0].split(".")]  # type: ignore[index]
    return [(not n, int(n or 0), step) for n, step in zip(numbers, array[0].split("."))]


def _frozen(network: Network) -> tuple[str, ...]:
    """The frozen paths, without those inside another."""
    paths = network.plan.question.frozen
    return tuple(path for path in paths if not any(path.startswith(f"{other}.") for other in paths))


def _by_layer(factors: Mapping[str, float]) -> dict[str, float]:
    """Factors other than 1; arrays of one layer that share theirs together."""
    found: dict[str, float] = {}
    for label, factor in factors.items():
        layer = layer_of(label)
        alike = all(other == factor for name, other in factors.items() if layer_of(name) == layer)
        if factor != 1.0:
            found[layer if alike else label] = factor
    return found


def _side_by_side(here: Shapes, there: Shapes) -> str:
    return f"layers here: {_with_shapes(here)}; in the source: {_with_shapes(there)}"


def _with_shapes(shapes: Shapes) -> str:
    """`0_dense (2, 8), 2_dense (8, 3)`: each layer with its largest array."""
    largest: dict[str, tuple[int, ...]] = {}
    for label, shape in shapes.items():
        layer = layer_of(label)
        if layer not in largest or len(shape) > len(largest[layer]):
            largest[layer] = shape
    return listed(f"{layer} ({', '.join(map(str, shape))})" for layer, shape in largest.items())
