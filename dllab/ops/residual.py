"""Residual: inner layers that learn what to add to their input."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, Literal

from dllab.catalogue import Nested, find
from dllab.ops.join import joined, shape_text
from dllab.ops.layer import Case, Layer
from dllab.symbols import Dim, Net, ShapeError, Value


class Residual(Layer):
    """Residual block: y = x + f(x), f being the inner layers.

    The way past f hands the gradient down undiminished, so nets of many such blocks still train; a block that has nothing
    to add learns f = 0. Use it as soon as a net is more than some five layers deep. f must end in the shape that came in;
    where it cannot, `shortcut` brings x to the shape of f: y = s(x) + f(x). Backward: dx = dy + f'(dy). A block whose last
    layer starts at 0 (`init: zeros`, or batch_norm with `gain: 0`) begins as the identity.

        - residual: [dense: 32, relu, dense: 32]
        - residual: {layers: [dense: 64, relu, dense: 64], shortcut: projection}
        - residual: {layers: [dense: 32, tanh], shortcut: [dense: 32, layer_norm]}

    Parameters are named after their place: `2_residual.0_dense.w`, and `2_residual.shortcut.0_dense.w` of the shortcut.

    Options:

    - layers: the layers of f.
    - shortcut: the layers of s; left out, the shortcut is x itself. projection makes them where the shape of f asks for
      it: a dense layer for vectors, a convolution of kernel 1 for pictures and signals, with the stride that makes them as
      small as f does; without bias.

    Source: He, Zhang, Ren, Sun, Deep residual learning for image recognition (2016), equations 1 and 2,
    and option B for projections.
    """

    name = "residual"
    group = "blocks and paths"
    main = "layers"
    layers: Annotated[tuple[Any, ...], Nested("layers")]
    shortcut: Annotated[tuple[Any, ...] | Literal["projection"], Nested("layers")] = ()

    cases: ClassVar[Sequence[Case]] = (
        Case({"layers": [{"dense": 5}]}),
        Case({"layers": [{"dense": 3}, {"residual": [{"dense": 3}]}, {"dense": 4}]}, shape=(2, 4)),
        Case({"layers": [{"dense": 3}], "shortcut": [{"dense": {"units": 3, "bias": False}}]}),
        Case({"layers": [{"dense": 3}], "shortcut": "projection"}),
        Case(
            {"layers": [{"conv": {"units": 3, "stride": 2, "padding": "same"}}], "shortcut": "projection"}, shape=(5, 4, 2)
        ),
    )

    def build(self, net: Net, x: Value) -> Value:
        """The inner layers, then one row that adds."""
        f = net.layers(self.layers, x)
        s = self._shortcut(net, x, f)
        if f.shape == s.shape:
            return joined(net, (s, f), "add")
        ends = f"the inner layers end in {shape_text(f.shape)}"
        if self.shortcut:
            raise ShapeError(f"{ends} but the shortcut in {shape_text(s.shape)}; they are added, so make them equal")
        raise ShapeError(f"{ends} but are added to an input of {shape_text(x.shape)}; {_way_out(x.shape, f.shape)}")

    def _shortcut(self, net: Net, x: Value, f: Value) -> Value:
        if self.shortcut != "projection":
            return net.layers(self.shortcut, x, "shortcut") if self.shortcut else x
        if f.shape == x.shape:
            return x
        strides = _strides(x.shape, f.shape)
        if strides is None:
            ways = f"the inner layers make {shape_text(f.shape)} of {shape_text(x.shape)}"
            raise ShapeError(f"{ways}, and no stride of a projection does; {SAME}")
        entry = SimpleNamespace(part=_projection(f.features, strides), label=None, source=None)
        return net.layers([entry], x, "shortcut")


SAME = "padding: same in the layers inside keeps sizes, or makes them a whole fraction"


def _projection(units: int, strides: tuple[int, ...]) -> Any:
    """The layer that brings an input to so many channels, and its axes to a fraction of their size."""
    if not strides:
        return find("layers", "dense")(units=units, bias=False)  # type: ignore[call-arg]
    name, stride = ("conv1d", strides[0]) if len(strides) == 1 else ("conv", strides)
    return find("layers", name)(units=units, kernel=1, stride=stride, bias=False)  # type: ignore[call-arg]


def _strides(of: Sequence[Dim], to: Sequence[Dim]) -> tuple[int, ...] | None:
    """The stride along each axis between batch and channels that makes shape `to` of shape `of`; None if none does."""
    if len(of) != len(to) or len(of) > 4:
        return None
    found = []
    for n, outputs in zip(of[1:-1], to[1:-1]):
        fitting = [s for s in range(1, int(n) + 1) if (int(n) - 1) // s + 1 == outputs]
        if not fitting:
            return None
        found.append(fitting[0])
    return tuple(found)


def _way_out(of: Sequence[Dim], to: Sequence[Dim]) -> str:
    """What to write where a block does not end in the shape that came in."""
    if _strides(of, to) is not None:
        last = f"end them with `dense: {of[-1]}`, or " if of[:-1] == to[:-1] and len(of) == 2 else ""
        return f"{last}give the block `shortcut: projection`"
    return SAME if len(of) == len(to) else "let them end in that shape, or give the block a shortcut: of layers of its own"
