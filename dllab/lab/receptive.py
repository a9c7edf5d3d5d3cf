"""Receptive fields: how much of the input each layer's output can see.

Read from the top: n neighbours of a layer's output see (n - 1) * stride + (kernel - 1) * dilation + 1 of its input, a layer
that makes arrays `growth` times larger the part of it rounded up; and so on, down to the input. Where nothing grows that is
1 + the sum of (kernel - 1) * dilation * the strides below. Padding counts, so a field may be larger than the input.

Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016); Araujo, Norris, Sim, Computing
receptive fields of convolutional neural networks (2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dllab.ops.layer import Reach
from dllab.plan.flow import LayerInfo
from dllab.symbols import Dim

Step = tuple[int, int, int, int]
"""Kernel, stride, dilation and growth of a layer along one axis."""


@dataclass(frozen=True)
class Field:
    """What an array sees along one axis: `size` pixels of the input, through `steps`, the last layer first."""

    size: int
    steps: tuple[Step, ...] = ()


def receptive_fields(infos: Sequence[LayerInfo]) -> list[tuple[int, ...] | None]:
    """The field of every layer's output, in pixels of the net's input; None in a net that looks around nowhere.

    A layer that takes axes away (flatten, global pools), or mixes places in a way it does not tell, sees everything.
    """
    if not infos or all(info.reach is None for info in infos):
        return [None] * len(infos)
    sizes = _space(infos[0].input_shape)
    finder = _Finder(infos, tuple(map(Field, sizes)), {id(infos[0].input): tuple(Field(1) for _ in sizes)})
    finder.stack(0, len(infos))
    return [tuple(axis.size for axis in fields) for fields in finder.found]


class _Finder:
    """Goes through the layers in their order; knows the fields of every array so far, one for each axis."""

    def __init__(
        self, infos: Sequence[LayerInfo], everything: tuple[Field, ...], known: dict[int, tuple[Field, ...]]
    ) -> None:
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
                own = self.known.get(id(info.output)) or self._widest([before, *self.found[start + 1 : inner]])
            else:
                own = self._beyond(before, info)
            self.known[id(info.output)] = self.found[start] = own
            start = inner

    def _beyond(self, before: tuple[Field, ...], info: LayerInfo) -> tuple[Field, ...]:
        """The fields behind a layer that holds no others."""
        of, to = _space(info.input_shape), _space(info.output_shape)
        if before is self.everything or len(of) != len(to) or (info.reach is None and of != to):
            return self.everything
        return before if info.reach is None else _beyond(before, info.reach)

    def _widest(self, ends: Sequence[tuple[Field, ...]]) -> tuple[Field, ...]:
        """What the end of a block sees: the most that any of its layers does."""
        if self.everything in ends:
            return self.everything
        return tuple(max(axis, key=lambda field: field.size) for axis in zip(*reversed(ends)))


def _beyond(before: tuple[Field, ...], reach: Reach) -> tuple[Field, ...]:
    ones = (1,) * len(reach.kernel)
    steps = zip(reach.kernel, reach.stride or ones, reach.dilation or ones, reach.growth or ones)
    fields = [(step, *field.steps) for step, field in zip(steps, before, strict=True)]
    return tuple(Field(_seen(along), along) for along in fields)


def _seen(steps: Sequence[Step]) -> int:
    """How many pixels one output sees through all of these layers."""
    count = 1
    for kernel, stride, dilation, growth in steps:
        count = -(-((count - 1) * stride + (kernel - 1) * dilation + 1) // growth)
    return count


def _space(shape: tuple[Dim, ...]) -> tuple[Any, ...]:
    """The axes between batch and channels."""
    return shape[1:-1]
