"""What pooling layers share: windows over pictures (B, H, W, C) or signals (B, T, C), one number for every channel."""

from __future__ import annotations

from collections.abc import Sequence

from dllab.ops.layer import Layer, Reach
from dllab.ops.sequence import lengths_behind, masked
from dllab.ops.window import Axis, Padding, Pair, axes, both, picture
from dllab.symbols import Dim, Net, ShapeError, Value


class Pool(Layer):
    """Base of pooling layers: subclasses give `pooled`, the rows that fill y."""

    group = "pictures and signals"
    main = "size"
    size: Pair = 2
    stride: Pair | None = None
    padding: Padding = "valid"

    def build(self, net: Net, x: Value) -> Value:
        """A signal is a picture of one row."""
        if len(x.shape) != 3:
            picture(x)
        rows, columns = self._axes(x.shape)
        of = x if len(x.shape) == 4 else net.view(masked(net, x), (x.shape[0], 1, *x.shape[1:]))
        y = net.array((x.shape[0], rows.outputs, columns.outputs, x.features))
        self.pooled(net, y, of, {
            "size_y": net.whole(rows.kernel), "size_x": net.whole(columns.kernel), "stride_y": net.whole(rows.stride),
            "stride_x": net.whole(columns.stride), "top": net.whole(rows.low), "left": net.whole(columns.low),
        })  # fmt: skip
        if len(x.shape) == 4:
            return y
        y = net.view(y, (x.shape[0], columns.outputs, x.features))
        y.lengths = lengths_behind(net, x, columns, self.padding)
        return y

    def pooled(self, net: Net, y: Value, x: Value, windows: dict[str, Value]) -> None:
        """Add the rows that fill y (B, P, Q, C) from x (B, H, W, C)."""
        raise NotImplementedError

    def _axes(self, shape: Sequence[Dim]) -> tuple[Axis, ...]:
        size, stride = both(self.size), both(self.size if self.stride is None else self.stride)
        if not isinstance(self.padding, str) and any(p >= n for p, n in zip(both(self.padding), size)):
            raise ShapeError(
                f"padding: {_said(self.padding)} around windows of {_said(self.size)}: some would see nothing but padding; "
                "it must be smaller than the size"
            )
        if len(shape) == 4:
            return axes([int(n) for n in shape[1:3]], size, stride, (1, 1), self.padding)
        if isinstance(self.size, tuple) or isinstance(self.stride, tuple) or isinstance(self.padding, tuple):
            raise ShapeError("a signal (B, steps, channels) has one axis to pool over; give it one number, not a pair")
        along = axes([int(shape[1])], size[1:], stride[1:], (1,), self.padding)
        return Axis(1, 1, 1, 1, 0, 0), *along

    def reach(self, x: tuple[Dim, ...]) -> Reach:
        """The window."""
        size, stride = both(self.size), both(self.size if self.stride is None else self.stride)
        return Reach(size, stride) if len(x) == 4 else Reach(size[1:], stride[1:])


def _said(value: object) -> str:
    """As a recipe has it: `3`, `[2, 3]`."""
    return str(list(value)) if isinstance(value, tuple) else str(value)
