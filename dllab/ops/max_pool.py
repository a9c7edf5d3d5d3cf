"""Max pooling: the largest number of each window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.tile import largest
from dllab.ops.layer import Case
from dllab.ops.pool import Pool
from dllab.symbols import Net, Value


@kernel(y="B P Q C", best="B P Q C:int32", x="B H W C", size_y=":int64", size_x=":int64", stride_y=":int64",
        stride_x=":int64", top=":int64", left=":int64")  # fmt: skip
def forward(y, best, x, size_y, size_x, stride_y, stride_x, top, left):
    """Y = the largest of each window; `best` says where in x it stands (the first of equal ones). A NaN is the largest."""
    height, width, channels = x.shape[1], x.shape[2], x.shape[3]
    rows, columns = y.shape[1], y.shape[2]
    inner = min((left + stride_x - 1) // stride_x, columns)  # windows from here to outer lie in x as a whole
    outer = max(min((width - size_x + left) // stride_x + 1, columns), inner)
    for n in range(y.shape[0]):
        for p in range(rows):
            low, high = max(p * stride_y - top, 0), min(p * stride_y - top + size_y, height)
            at, of = (n * rows + p) * columns * channels, (n * height + low) * width * channels
            for q in range(inner):
                _window(y, at, best, x, of, q, size_x, stride_x, left, high - low, width, channels)
            start = of + (inner * stride_x - left) * channels
            largest(y, at + inner * channels, best, x, start, outer - inner, stride_x * channels, high - low,
                    width * channels, size_x, channels, channels)  # fmt: skip
            for q in range(outer, columns):
                _window(y, at, best, x, of, q, size_x, stride_x, left, high - low, width, channels)


@device
def _window(
    y: Any, at: int, best: Any, x: Any, of: int, q: int, size_x: int, stride_x: int, left: int, rows: int, width: int,
    channels: int,
) -> None:  # fmt: skip
    """One window that reaches over the edge."""
    low, high = max(q * stride_x - left, 0), min(q * stride_x - left + size_x, width)
    largest(
        y, at + q * channels, best, x, of + low * channels, 1, 0, rows, width * channels, high - low, channels, channels
    )


@kernel(dx="*N", dy="*M", best="*M:int32")
def backward(dx, dy, best):
    """Dx = dy where the largest stood; windows that overlap may share it."""
    for i in range(dx.shape[0]):
        dx[i] = 0
    for i in range(dy.shape[0]):
        dx[best[i]] += dy[i]


class MaxPool(Pool):
    """Max pooling: y = the largest number of each window, channel by channel.

    Halves a picture (B, H, W, C) or a signal (B, T, C) with the default size of 2: what was found stays, exactly where
    it was found is forgotten, and all later layers work on a quarter of the places. It has no parameters. The output
    size along an axis is floor((n + p - size) / stride) + 1; zeros of padding are never the largest. Behind the end of a
    sequence shorter than T there are zeros, which count; what comes out is as long as the formula says of that sequence
    alone, at least one step, so that with padding: valid no window that counts reaches over the end. Backward: dy goes
    to the place of the largest number (the first of equal ones), 0 to all others.

        - max_pool
        - max_pool: 3
        - max_pool: {size: 3, stride: 2, padding: same}

    Options:

    - size: size of the window, one number or [height, width].
    - stride: step from one window to the next; left out, the size, so that windows do not overlap.
    - padding: valid leaves out what does not fill a window; same makes the output ceil(n / stride); a number is so many
      places at either end, [rows, columns] one for each axis.

    Source: Ranzato, Huang, Boureau, LeCun, Unsupervised learning of invariant feature hierarchies (2007).
    """

    name = "max_pool"
    cases: ClassVar[Sequence[Case]] = (
        Case(shape=(4, 6, 3)),
        Case({"size": 3, "stride": 2}, shape=(7, 5, 2)),
        Case({"size": (2, 3), "stride": (3, 1), "padding": "same"}, shape=(5, 4, 1), batch=1),
        Case({"size": 2}, shape=(6, 2)),
        Case({"size": 3, "stride": 2, "padding": "same"}, shape=(5, 2), lengths=True),
    )

    def pooled(self, net: Net, y: Value, x: Value, windows: dict[str, Value]) -> None:
        """One row forward, one backward."""
        net.call(forward, backward=(backward,), y=y, x=x, best=net.array(y.shape, "best", "int32"), **windows)
