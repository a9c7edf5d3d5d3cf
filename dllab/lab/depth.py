"""How deep a net is: layers with weights on the longest way from its input to its output."""

from __future__ import annotations

from collections.abc import Sequence

from dllab.plan.flow import LayerInfo


def depth(infos: Sequence[LayerInfo]) -> int:
    """Layers with a matrix of weights, or filters, on the longest way; of branches side by side the longest counts.

    Gains and biases, as batch norm has them, make no layer deeper: one with nothing but vectors is none.
    """
    known: dict[int, int] = {}
    return _stack(infos, 0, len(infos), known, 0)


def _stack(infos: Sequence[LayerInfo], start: int, end: int, known: dict[int, int], otherwise: int) -> int:
    """The greatest depth behind the layers from `start` to `end`; blocks stand before the layers inside them."""
    deepest = otherwise
    while start < end:
        info, inner = infos[start], start + 1
        while inner < end and infos[inner].path.startswith(f"{info.path}."):
            inner += 1
        own = known.get(id(info.input), otherwise)
        if inner > start + 1:
            own = max(own, _stack(infos, start + 1, inner, known, own))
        else:
            own += any(len(parameter.shape) > 1 for parameter in info.parameters)
        known[id(info.output)] = own
        deepest, start = max(deepest, own), inner
    return deepest
