"""Residual: inner layers that learn what to add to their input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from dllab.catalogue import Nested
from dllab.ops.join import joined, shape_text
from dllab.ops.layer import Case, Layer
from dllab.symbols import Net, ShapeError, Value


class Residual(Layer):
    """Residual block: y = x + f(x), f being the inner layers.

    The way past f hands the gradient down undiminished, so nets of many such blocks still train; a block that has nothing
    to add learns f = 0. Use it as soon as a net is more than some five layers deep. f must end in the shape that came in;
    where it cannot, `shortcut` brings x to the shape of f: y = s(x) + f(x). Backward: dx = dy + f'(dy).

        - residual: [dense: 32, relu, dense: 32]
        - residual: {layers: [dense: 64, relu, dense: 64], shortcut: [dense: 64]}

    Parameters are named after their place: `2_residual.0_dense.w`, and `2_residual.shortcut.0_dense.w` of the shortcut.

    Options:

    - layers: the layers of f.
    - shortcut: the layers of s; left out, the shortcut is x itself.

    Source: He, Zhang, Ren, Sun, Deep residual learning for image recognition (2016), equations 1 and 2.
    """

    name = "residual"
    group = "blocks and paths"
    main = "layers"
    layers: Annotated[tuple[Any, ...], Nested("layers")]
    shortcut: Annotated[tuple[Any, ...], Nested("layers")] = ()

    cases: ClassVar[Sequence[Case]] = (
        Case({"layers": [{"dense": 5}]}),
        Case({"layers": [{"dense": 3}, {"residual": [{"dense": 3}]}, {"dense": 4}]}, shape=(2, 4)),
        Case({"layers": [{"dense": 3}], "shortcut": [{"dense": {"units": 3, "bias": False}}]}),
    )

    def build(self, net: Net, x: Value) -> Value:
        """The inner layers, then one row that adds."""
        f = net.layers(self.layers, x)
        s = net.layers(self.shortcut, x, "shortcut") if self.shortcut else x
        if f.shape != s.shape:
            ends = f"the inner layers end in {shape_text(f.shape)}"
            if self.shortcut:
                raise ShapeError(f"{ends} but the shortcut in {shape_text(s.shape)}; they are added, so make them equal")
            hint = ""
            if len(f.shape) == len(x.shape) and f.shape[:-1] == x.shape[:-1]:
                hint = f"; end them with `dense: {x.features}`, or give the block `shortcut: [dense: {f.features}]`"
            raise ShapeError(f"{ends} but are added to an input of {shape_text(x.shape)}{hint}")
        return joined(net, (s, f), "add")
