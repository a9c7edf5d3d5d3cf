"""All that the rest of a run depends on, taken between two steps: put back, the run goes on to the same bits.

Parameters, the optimizer's moving averages, running statistics, the best weights so far, and what the trainer
remembers. Random numbers need no state: each depends on the seed, the step and the row only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine.binding import view_of
from dllab.engine.network import Network, in_recipe_order
from dllab.symbols import OPTIMIZER, PARAMETERS, RUNNING

Arrays = dict[str, NDArray[Any]]
BEST = "best/"
TRAINER = "trainer/"


class Unfit(Exception):
    """A state belongs to another net or another optimizer; the text says how they differ."""


@dataclass(frozen=True)
class State:
    """`arrays`: copies, by name. `facts`: plain JSON data (counts, no measured figures)."""

    arrays: Arrays
    facts: dict[str, Any]


def net_views(network: Network) -> Arrays:
    """Parameters and running statistics by name, as writable views."""
    return dict(_of_parameters(network, network.memory.arrays))


def optimizer_views(network: Network) -> Arrays:
    """The optimizer's state, `optimizer/<part>/<name>/<parameter>`, as writable views."""
    plan, arena = network.plan, network.memory.arrays[OPTIMIZER]
    size = plan.arena * network.dtype.itemsize
    links = _link_names(network)
    views = {}
    for (link, name), number in plan.slots.numbers.items():
        copy = arena[number * size : (number + 1) * size]
        for parameter in in_recipe_order(plan):
            views[f"optimizer/{links[link]}/{name}/{parameter.label}"] = view_of(copy, parameter, network.dtype)
    return views


def _link_names(network: Network) -> list[str]:
    """The parts of the chain by name, not by place: clipping that is added in front changes no name."""
    names: list[str] = []
    for part in network.plan.question.chain:
        count = sum(name.partition(".")[0] == part.name for name in names)
        names.append(f"{part.name}.{count + 1}" if count else part.name)
    return names


def best_views(network: Network, kept: Mapping[str, NDArray[Any]]) -> Arrays:
    """The same as `net_views` of copied registers, each name behind `best/`."""
    return {BEST + name: view for name, view in _of_parameters(network, kept)}


def copied(views: Arrays) -> Arrays:
    """Copies in C order, for keeping."""
    return {name: np.array(view, order="C") for name, view in views.items()}


def put(views: Arrays, kept: Mapping[str, NDArray[Any]]) -> None:
    """Write kept arrays into views of the same names and shapes. Raises Unfit, and then nothing is changed."""
    for name, view in views.items():
        if name not in kept:
            raise Unfit(f"it has no {name}")
        if kept[name].shape != view.shape or kept[name].dtype != view.dtype:
            raise Unfit(f"{name} is {_shown(kept[name])} there and {_shown(view)} here")
    for name, view in views.items():
        view[...] = kept[name]


def _of_parameters(network: Network, arrays: Mapping[str, NDArray[Any]]) -> Iterator[tuple[str, NDArray[Any]]]:
    for parameter in in_recipe_order(network.plan):
        yield parameter.label, view_of(arrays[PARAMETERS], parameter, network.dtype)
    for label, value in network.plan.store.running.items():
        yield label, view_of(arrays[RUNNING], value, network.dtype)


def _shown(array: NDArray[Any]) -> str:
    return f"{array.dtype} {array.shape}"
