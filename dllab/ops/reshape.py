"""Reshape: the numbers of an example under other axes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Annotated, ClassVar

from pydantic import Field

from dllab.ops.flatten import numbers
from dllab.ops.layer import Case, Layer
from dllab.ops.sequence import masked
from dllab.symbols import Net, ShapeError, Value

REST = -1
AxisSize = Annotated[int, Field(ge=REST, le=1_000_000)]


class Reshape(Layer):
    """Reshape: y = the numbers of x with the axes `shape`: (B, 784) becomes (B, 7, 7, 16).

    Makes a picture of a vector, as a decoder or a generator begins, or cuts a signal into pieces. The numbers
    keep their order, the last axis moving fastest. Nothing is computed or copied, forward or backward; only where the steps
    of sequences of several lengths are cut anew, zeros come in behind their ends.

        - dense: 784
        - reshape: [7, 7, 16]
        - reshape: [-1, 16]

    Options:

    - shape: the sizes of the axes after the batch; one of them may be -1, which stands for all that is left.

    Source: Radford, Metz, Chintala, Unsupervised representation learning with deep convolutional generative adversarial
    networks (2016), whose generator begins with it.
    """

    name = "reshape"
    group = "pictures and signals"
    main = "shape"
    shape: Annotated[tuple[AxisSize, ...], Field(strict=False, min_length=1, max_length=8)]

    cases: ClassVar[Sequence[Case]] = (
        Case({"shape": [2, 3]}, shape=(6,)),
        Case({"shape": [-1]}, shape=(2, 3)),
        Case({"shape": [3, -1, 2]}, shape=(4, 3), batch=1),
    )

    def build(self, net: Net, x: Value) -> Value:
        """No row: another view of the same numbers."""
        shape = (x.shape[0], *self._sizes(numbers(x.shape)))
        return net.view(x if shape[:2] == x.shape[:2] and len(shape) > 2 else masked(net, x), shape)

    def _sizes(self, count: int) -> tuple[int, ...]:
        """The shape with what -1 stands for. Raises ShapeError."""
        wanted = str(list(self.shape))
        if 0 in self.shape or self.shape.count(REST) > 1:
            raise ShapeError(f"a shape holds sizes of 1 and more and at most one -1, and {wanted} does not")
        known = prod(size for size in self.shape if size != REST)
        rest, over = divmod(count, known)
        if over or (rest != 1 and REST not in self.shape):
            takes = f"a multiple of {known}" if REST in self.shape else f"{known}"
            raise ShapeError(f"an example has {count} numbers here, and {wanted} takes {takes}")
        return tuple(rest if size == REST else size for size in self.shape)
