"""The chain rule in a net that is one number after the other: every factor between the loss and the first weight."""

from __future__ import annotations

from dataclasses import dataclass

from dllab.engine.inside import Inside
from dllab.engine.network import Network


@dataclass(frozen=True)
class Link:
    """A place on the way back: `at` it dL/d. is `product`, the one before times `value`, which is `factor` as a formula.

    `engine`: what the engine has for it.
    """

    at: str
    factor: str
    value: float
    product: float
    engine: float


def way_back(network: Network, x: float, target: float) -> list[Link]:
    """From the output to the first weight of `dense: 1`, `tanh`, `dense: 1`, ... with squared error, for one number x.

    Names: y is the output, t its target, h_1, h_2, ... what the tanh give, z_1, z_2, ... what goes into them. Raises
    ValueError for other nets.
    """
    inside = Inside.training(network, [[x]], [[target]])
    kinds = [info.kind for info in inside.infos]
    numbers = [float(inside.output(info.path)[0, 0]) for info in inside.infos]
    if kinds[::2] != ["dense"] * len(kinds[::2]) or kinds[1::2] != ["tanh"] * (len(kinds) // 2) or len(kinds) % 2 == 0:
        raise ValueError("the chain rule is told of dense and tanh in turn, dense first and last")
    found: list[Link] = []

    def go(at: str, factor: str, value: float, engine: float) -> None:
        found.append(Link(at, factor, value, (found[-1].product if found else 1.0) * value, engine))

    for place in reversed(range(len(kinds))):
        info, number = inside.infos[place], place // 2 + 1
        told = inside.output_gradient(info.path)
        assert told is not None
        if place == len(kinds) - 1:
            go("y", "2 (y - t)", 2 * (numbers[place] - target), float(told[0, 0]))
        elif info.kind == "tanh":
            weight = network.parameters[f"{inside.infos[place + 1].path}.w"]
            go(f"h_{number}", f"w_{number + 1}", float(weight[0, 0]), float(told[0, 0]))
        else:
            go(f"z_{number}", f"1 - h_{number}^2", 1 - numbers[place + 1] ** 2, float(told[0, 0]))
    go("w_1", "x", x, float(inside.gradients()[f"{inside.infos[0].path}.w"][0, 0]))
    return found
