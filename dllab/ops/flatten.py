"""Flatten: pictures, signals and whatever has axes become vectors."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, ClassVar

from dllab.ops.layer import Case, Layer
from dllab.ops.sequence import masked
from dllab.symbols import Dim, Net, Value


class Flatten(Layer):
    """Flatten: y = the numbers of an example in a row, (B, H, W, C) becomes (B, H W C).

    Stands between layers that keep pictures and signals as they are and the dense layers behind them. The last axis moves
    fastest: number c of pixel (h, w) becomes number (h W + w) C + c. Nothing is computed or copied, forward or backward.
    A vector (B, F) stays as it is. Behind the end of a sequence shorter than T there are zeros, whatever stood there.

        - flatten
        - dense: classes

    Source: LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition (1998), whose nets go
    over from feature maps to vectors.
    """

    name = "flatten"
    group = "pictures and signals"

    cases: ClassVar[Sequence[Case]] = (Case(), Case(shape=(3, 4)), Case(shape=(3, 2, 2), batch=1),
                                         Case(shape=(3, 2), lengths=True))  # fmt: skip

    def build(self, net: Net, x: Value) -> Value:
        """No row: another view of the same numbers; one that puts zeros where sequences end early."""
        return x if len(x.shape) == 2 else net.view(masked(net, x), (x.shape[0], numbers(x.shape)))


def numbers(shape: Sequence[Dim]) -> int:
    """How many numbers one example of a batch of that shape has."""
    sizes: Any = shape[1:]
    return prod(sizes)
