"""Receptive fields: how much of the input each layer's output can see.

Going up, a field grows by (kernel - 1) * dilation steps; a step is the product of the strides so far, and layers that make
arrays larger divide it. Padding is not counted, so a field may be larger than the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

from dllab.ops.layer import Reach
from dllab.plan.flow import LayerInfo
from dllab.symbols import Dim


@dataclass(frozen=True)
class Field:
    """For each axis between batch and channels: how many pixels of the input, and how many from one place to the next."""

    size: tuple[Fraction, ...]
    step: tuple[Fraction, ...]


def receptive_fields(infos: Sequence[LayerInfo]) -> list[tuple[int, ...]] | None:
    """The field of every layer's output, in pixels of the net's input; None where no layer looks beyond its own place.

    A layer that takes such axes away (flatten, global pools), or mixes places in a way it does not tell, sees everything.
    """
    if not infos or all(info.reach is None for info in infos):
        return None
    sizes = _space(infos[0].input_shape)
    ones = (Fraction(1),) * len(sizes)
    finder = _Finder(infos, Field(tuple(map(Fraction, sizes)), ones), {id(infos[0].input): Field(ones, ones)})
    finder.stack(0, len(infos))
    return [tuple(ceil(size) for size in field.size) for field in finder.found]


class _Finder:
    """Goes through the layers in their order; knows the field of every array so far."""

    def __init__(self, infos: Sequence[LayerInfo], everything: Field, known: dict[int, Field]) -> None:
        self.infos, self.everything, self.known = infos, everything, known
        self.found = [everything] * len(infos)

    def stack(self, start: int, end: int) -> None:
        """The layers from `start` to `end`, blocks after the layers inside them."""
        while start < end:
            info, inner = self.infos[start], start + 1
            while inner < end and self.infos[inner].path.startswith(f"{info.path}."):
                inner += 1
            self.stack(start + 1, inner)
            before = self.known.get(id(info.input), self.everything)
            if inner > start + 1:
                own = self.known.get(id(info.output)) or _largest([before, *self.found[start + 1 : inner]])
            else:
                own = self._beyond(before, info)
            self.known[id(info.output)] = self.found[start] = own
            start = inner

    def _beyond(self, before: Field, info: LayerInfo) -> Field:
        """The field behind a layer that holds no others."""
        of, to = _space(info.input_shape), _space(info.output_shape)
        if before is self.everything or len(of) != len(to) or (info.reach is None and of != to):
            return self.everything
        return before if info.reach is None else _grown(before, info.reach)


def _grown(field: Field, reach: Reach) -> Field:
    ones = (1,) * len(reach.kernel)
    sizes, steps = [], []
    axes = (reach.kernel, reach.stride or ones, reach.dilation or ones, reach.growth or ones)
    for size, step, kernel, stride, dilation, growth in zip(field.size, field.step, *axes, strict=True):
        sizes.append(size + (kernel - 1) * dilation * step)
        steps.append(step * stride / growth)
    return Field(tuple(sizes), tuple(steps))


def _largest(fields: Sequence[Field]) -> Field:
    """What the end of a block sees: the most that any of its layers does."""
    size = tuple(max(sizes) for sizes in zip(*(field.size for field in fields)))
    return Field(size, fields[-1].step)


def _space(shape: tuple[Dim, ...]) -> tuple[Any, ...]:
    """The axes between batch and channels."""
    return shape[1:-1]
