"""Average pooling: the mean of each window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dllab.core.kernel import kernel
from dllab.ops.layer import Case
from dllab.ops.pool import Pool
from dllab.symbols import Net, Value


@kernel(y="B P Q C", x="B H W C", size_y=":int64", size_x=":int64", stride_y=":int64", stride_x=":int64", top=":int64",
        left=":int64")  # fmt: skip
def forward(y, x, size_y, size_x, stride_y, stride_x, top, left):
    """Y = the mean of what each window sees."""
    height, width, channels = x.shape[1], x.shape[2], x.shape[3]
    for n in range(y.shape[0]):
        for p in range(y.shape[1]):
            from_y, to_y = max(p * stride_y - top, 0), min(p * stride_y - top + size_y, height)
            for q in range(y.shape[2]):
                from_x, to_x = max(q * stride_x - left, 0), min(q * stride_x - left + size_x, width)
                mean, share = y[n, p, q], 1 / ((to_y - from_y) * (to_x - from_x))
                for c in range(channels):
                    mean[c] = 0
                for h in range(from_y, to_y):
                    for w in range(from_x, to_x):
                        of = x[n, h, w]
                        for c in range(channels):
                            mean[c] += of[c]
                for c in range(channels):
                    mean[c] *= share


@kernel(dx="B H W C", dy="B P Q C", size_y=":int64", size_x=":int64", stride_y=":int64", stride_x=":int64", top=":int64",
        left=":int64")  # fmt: skip
def backward(dx, dy, size_y, size_x, stride_y, stride_x, top, left):
    """Every number of a window gets its share of dy."""
    height, width, channels = dx.shape[1], dx.shape[2], dx.shape[3]
    for n in range(dx.shape[0]):
        for h in range(height):
            line = dx[n, h]
            for w in range(width):
                for c in range(channels):
                    line[w, c] = 0
        for p in range(dy.shape[1]):
            from_y, to_y = max(p * stride_y - top, 0), min(p * stride_y - top + size_y, height)
            for q in range(dy.shape[2]):
                from_x, to_x = max(q * stride_x - left, 0), min(q * stride_x - left + size_x, width)
                of, share = dy[n, p, q], 1 / ((to_y - from_y) * (to_x - from_x))
                for h in range(from_y, to_y):
                    for w in range(from_x, to_x):
                        to = dx[n, h, w]
                        for c in range(channels):
                            to[c] += of[c] * share


class AvgPool(Pool):
    """Average pooling: y = the mean of each window, channel by channel.

    Shrinks a picture (B, H, W, C) or a signal (B, T, C) as max_pool does, but keeps a little of everything in the window
    rather than the strongest find; LeNet-5 had it, and smooth pictures want it. The output size along an axis is
    floor((n + p - size) / stride) + 1; zeros of padding are not counted in the mean. Behind the end of a sequence
    shorter than T there are zeros, which count; what comes out is as long as the formula says of that sequence alone, at
    least one step, so that with padding: valid no window that counts reaches over the end. Backward: every number of a
    window gets an equal share of dy.

        - avg_pool
        - avg_pool: {size: 3, stride: 2, padding: same}

    Options:

    - size: size of the window, one number or [height, width].
    - stride: step from one window to the next; left out, the size, so that windows do not overlap.
    - padding: valid leaves out what does not fill a window; same makes the output ceil(n / stride); a number is so many
      places at either end, [rows, columns] one for each axis.

    Source: LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition (1998), section II.
    """

    name = "avg_pool"

    cases: ClassVar[Sequence[Case]] = (
        Case(shape=(4, 6, 3)),
        Case({"size": 3, "stride": 2}, shape=(7, 5, 2)),
        Case({"size": (2, 3), "stride": (3, 1), "padding": "same"}, shape=(5, 4, 1), batch=1),
        Case({"size": 2}, shape=(6, 2)),
        Case({"size": 3, "stride": 2, "padding": "same"}, shape=(5, 2), lengths=True),
    )

    def pooled(self, net: Net, y: Value, x: Value, windows: dict[str, Value]) -> None:
        """One row forward, one backward."""
        net.call(forward, backward=(backward,), y=y, x=x, **windows)
