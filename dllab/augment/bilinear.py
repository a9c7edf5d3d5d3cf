"""Pictures read at places between the pixels: what rotate and scale have in common."""

from __future__ import annotations

from dllab.augment.augmentation import Sample
from dllab.core.bits import like
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.symbols import Net, Value

BORDER = 3
"""A picture with one more line above and two below, likewise at its sides, has every neighbour of every place read."""


@device
def framed(pad, x, channel):
    """Put a channel of x into the middle of the border."""
    stride = x.shape[1] + BORDER
    for i in range(x.shape[0]):
        line, of = pad[(i + 1) * stride + 1 : (i + 2) * stride], x[i]
        for j in range(of.shape[0]):
            line[j] = of[j, channel]


@device
def places(at, down, right, turn, i, height):
    """Where line i is read: the place in the padded picture, and the parts of a pixel beyond it."""
    width, stride = at.shape[0], at.shape[0] + BORDER
    a, b, c, d = turn[0], turn[1], turn[2], turn[3]
    one, zero, last_i, last_j = like(a, 1.0), like(a, 0.0), like(a, height + 1.0), like(a, width + 1.0)
    middle_i, middle_j = like(a, (height - 1) / 2), like(a, (width - 1) / 2)
    up = like(a, float(i)) - middle_i
    start_i, start_j = middle_i + one + a * up, middle_j + one + c * up
    for j in range(width):
        across = like(a, float(j)) - middle_j
        p = min(max(start_i + b * across, zero), last_i)
        q = min(max(start_j + d * across, zero), last_j)
        low, left = int(p), int(q)
        at[j] = low * stride + left
        down[j] = p - like(a, float(low))
        right[j] = q - like(a, float(left))


@kernel(y="B H W C", x="B H W C", turns="B 4", pad="G", at="W:int64", down="W", right="W", fill="")
def warp(y, x, turns, pad, at, down, right, fill):
    """Y[i, j] = x at (i, j) seen from the middle and multiplied by the matrix of the row; outside there is `fill`.

    Between pixels the four around a place count by how near they are; so does `fill` beside the outermost. `pad` holds a
    channel of x with its border; `at`, `down`, `right`: for a line of y the upper left of the four, and how far from it.
    """
    height, width, channels = y.shape[1], y.shape[2], y.shape[3]
    for k in range(pad.shape[0]):
        pad[k] = fill
    for n in range(y.shape[0]):
        for channel in range(channels):
            framed(pad, x[n], channel)
            for i in range(height):
                places(at, down, right, turns[n], i, height)
                to = y[n, i]
                for j in range(width):
                    k = at[j] & 0x7FFFFFFF  # never negative, which the compiler cannot see
                    m = k + width + BORDER
                    above = pad[k] + right[j] * (pad[k + 1] - pad[k])
                    below = pad[m] + right[j] * (pad[m + 1] - pad[m])
                    to[j, channel] = above + down[j] * (below - above)


def warped(net: Net, x: Value, sample: Sample, turns: Value, fill: float) -> Value:
    """One row that reads x by the matrices `turns` (B, 4) into another array."""
    frame, y = sample.frame, sample.other(net, x)
    shape = (frame.height, frame.width, frame.channels)
    pad = net.array(((frame.height + BORDER) * (frame.width + BORDER),), "pad")
    net.call(
        warp, y=sample.view(net, y, *shape), x=sample.view(net, x, *shape), turns=turns, pad=pad,
        at=net.array((frame.width,), "at", "int64"), down=net.array((frame.width,), "down"),
        right=net.array((frame.width,), "right"), fill=net.constant(fill),
    )  # fmt: skip
    return y
