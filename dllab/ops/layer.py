"""What a layer is: options, a `build` that adds rows to the plan, and cases for gradcheck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dllab.catalogue import Part
from dllab.symbols import Dim, Net, Value


@dataclass(frozen=True)
class Case:
    """One situation in which gradcheck and the tests run a layer: options as in a recipe, and an input shape.

    `kink` is the half-width around zero that inputs avoid, for layers that are not differentiable there. `ids`: inputs are
    ids below it, which have no gradient. `lengths`: sequences end at random. `carry`: states come from the batch before.
    `before`: layers in front, as in a recipe, so that options can name them.
    """

    options: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = (5,)
    batch: int = 4
    kink: float = 0.0
    ids: int = 0
    lengths: bool = False
    carry: bool = False
    before: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Reach:
    """How far one output of a layer looks along each axis between batch and channels; `summary` adds these up.

    Output p sees the inputs p * stride + k * dilation, k = 0 .. kernel - 1, apart from padding. `growth`: of a layer that
    makes arrays larger, how many times; its kernel is then how many outputs one input reaches. stride, dilation and growth
    left out are 1 everywhere.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    growth: tuple[int, ...] = ()


class Layer(Part):
    """Base of all layers.

    `init_hint` tells the layer before it which initializer suits (`he` before ReLU, and so on). `elementwise`: every
    number of the output depends on the one number of the input at its place, so parts of an array may be computed apart.
    `reads_ids`: its inputs are whole numbers below its option `size`, which have no gradient. `flat`: the outputs, low and
    high, at and beyond which an activation has less than 6 % of its largest slope. `dies`: a unit whose output is 0 for
    every example has no slope for any of them, and learns nothing.
    """

    group = "other layers"
    cases: ClassVar[Sequence[Case]] = (Case(),)
    init_hint: ClassVar[str | None] = None
    elementwise: ClassVar[bool] = False
    reads_ids: ClassVar[bool] = False
    flat: ClassVar[tuple[float, float] | None] = None
    dies: ClassVar[bool] = False

    def build(self, net: Net, x: Value) -> Value:
        """Add this layer's rows and return its output. Raises ShapeError."""
        raise NotImplementedError

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """Multiplications with addition for one example."""
        return 0

    def reach(self, x: tuple[Dim, ...]) -> Reach | None:
        """How far an output looks in an input of shape x (B, ..., C); None: only at its own place."""
        return None


class Pointwise(Layer):
    """A layer that keeps shapes and has no parameters: subclasses give `kernels = (forward, backward)`.

    `forward(y, x, ...)`, `backward(dx, dy, x and/or y, ...)`; further scalar operands are options of the same name.
    """

    group = "activations"
    kernels: ClassVar[tuple[Any, Any]]
    elementwise = True

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, one backward."""
        forward, backward = self.kernels
        y = net.array(x.shape)
        names = {o.name for k in self.kernels for o in k.operands if o.scalar}
        options = {name: net.constant(getattr(self, name)) for name in sorted(names)}
        net.call(forward, backward=(backward,), y=y, x=x, **options)
        return y
