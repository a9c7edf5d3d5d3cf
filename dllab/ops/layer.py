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

    `kink` is the half-width around zero that inputs avoid, for layers that are not differentiable there.
    """

    options: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = (5,)
    batch: int = 4
    kink: float = 0.0


class Layer(Part):
    """Base of all layers.

    `gain` tells the layer before it how to scale its weights (`he` after ReLU, and so on); `pointwise` layers keep shapes.
    """

    cases: ClassVar[Sequence[Case]] = (Case(),)
    init_hint: ClassVar[str | None] = None

    def build(self, net: Net, x: Value) -> Value:
        """Add this layer's rows and return its output. Raises ShapeError."""
        raise NotImplementedError

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """Multiplications with addition for one example."""
        return 0


class Pointwise(Layer):
    """A layer that maps each number by itself: subclasses give `kernels = (forward, backward)`.

    `forward(y, x, ...)`, `backward(dx, dy, x and/or y, ...)`; further scalar operands are options of the same name.
    """

    kernels: ClassVar[tuple[Any, Any]]

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, one backward."""
        forward, backward = self.kernels
        y = net.array(x.shape)
        names = {o.name for k in self.kernels for o in k.operands if o.scalar}
        options = {name: net.constant(getattr(self, name)) for name in sorted(names)}
        net.call(forward, backward=(backward,), y=y, x=x, **options)
        return y
