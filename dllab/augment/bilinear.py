"""Pictures read at places between the pixels: what rotate and scale have in common."""

from __future__ import annotations

from dllab.augment.augmentation import Sample
from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.symbols import Net, Value

BORDER = 3
"""A picture with one more line above and two below, likewise at its sides, has every neighbour of every place read."""


@kernel(y="B H W C", x="B H W C", turns="B 4", pad="G", fill="")
def warp(y, x, turns, pad, fill):
    """Y[i, j] = x at (i, j) seen from the middle and multiplied by the matrix of the row; outside there is `fill`.

    Between pixels the four around a place count by how near they are; so does `fill` beside the outermost.
    """
    height, width, channels = y.shape[1], y.shape[2], y.shape[3]
    stride = width + 3
    one, middle_i, middle_j = like(fill, 1.0), like(fill, (height - 1) / 2), like(fill, (width - 1) / 2)
    zero, last_i, last_j = like(fill, 0.0), like(fill, height + 1.0), like(fill, width + 1.0)
    for k in range(pad.shape[0]):
        pad[k] = fill
    for n in range(y.shape[0]):
        a, b, c, d = turns[n, 0], turns[n, 1], turns[n, 2], turns[n, 3]
        for channel in range(channels):
            for i in range(height):
                line, of = pad[(i + 1) * stride + 1 : (i + 2) * stride], x[n, i]
                for j in range(width):
                    line[j] = of[j, channel]
            for i in range(height):
                to, up = y[n, i], like(fill, float(i)) - middle_i
                start_i, start_j = middle_i + one + a * up, middle_j + one + c * up
                for j in range(width):
                    across = like(fill, float(j)) - middle_j
                    p, q = start_i + b * across, start_j + d * across
                    p = min(max(p, zero), last_i)
                    q = min(max(q, zero), last_j)
                    low, left = int(p), int(q)
                    down, right = p - like(fill, float(low)), q - like(fill, float(left))
                    k = (low * stride + left) & 0x7FFFFFFF  # never negative, which the compiler cannot see
                    m = (k + stride) & 0x7FFFFFFF
                    above = pad[k] + right * (pad[k + 1] - pad[k])
                    below = pad[m] + right * (pad[m + 1] - pad[m])
                    to[j, channel] = above + down * (below - above)


def warped(net: Net, x: Value, sample: Sample, turns: Value, fill: float) -> Value:
    """One row that reads x by the matrices `turns` (B, 4) into another array."""
    frame, y = sample.frame, sample.other(net, x)
    shape = (frame.height, frame.width, frame.channels)
    pad = net.array(((frame.height + BORDER) * (frame.width + BORDER),), "pad")
    net.call(
        warp, y=sample.view(net, y, *shape), x=sample.view(net, x, *shape), turns=turns, pad=pad, fill=net.constant(fill)
    )
    return y
