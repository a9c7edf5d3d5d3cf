"""Depthwise convolution: every channel of a picture filtered by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from dllab.catalogue import Nested, Size
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.inits.initializer import Initializer
from dllab.ops.conv import FOLD, backward_b
from dllab.ops.layer import Case, Layer, Reach
from dllab.ops.window import Axis, Padding, Pair, axes, both, padded, picture
from dllab.symbols import Dim, Net, Value

# A row of y is worked on as runs of V numbers, `wide` (K L, V) having a factor for each. With stride 1 along the row, what
# a tap of the kernel sees of all windows lies side by side, so the whole row of Q windows is one run: long loops however
# few channels there are. With other strides the C channels of a window are a run.


@device
def widen(wide: Any, w: Any) -> None:
    """wide[t, v] = w[t, v modulo C]."""
    for t in range(wide.shape[0]):
        to, of = wide[t], w[t]
        for at in range(0, to.shape[0], of.shape[0]):
            part = to[at : at + of.shape[0]]
            for c in range(of.shape[0]):
                part[c] = of[c]


@kernel(y="B P Q V", wide="T V", padded="B H U", w="T C", b="C", taps=":int64", stride_y=":int64", step=":int64",
        dilation_y=":int64", dilation_x=":int64")  # fmt: skip
def forward(y, wide, padded, w, b, taps, stride_y, step, dilation_y, dilation_x):
    """Y[p, q, c] = b[c] + the sum over k, j of padded[p stride + k dilation, q stride + j dilation, c] w[k, j, c].

    `taps` is the width of the kernel; `step` numbers lie from one run to the next.
    """
    channels = w.shape[1]
    widen(wide, w)
    for n in range(y.shape[0]):
        for p in range(y.shape[1]):
            for q in range(y.shape[2]):
                to = y[n, p, q]
                for at in range(0, to.shape[0], channels):
                    part = to[at : at + channels]
                    for c in range(channels):
                        part[c] = b[c]
                for t in range(w.shape[0]):
                    at = q * step + t % taps * dilation_x * channels
                    of, factors = padded[n, p * stride_y + t // taps * dilation_y, at : at + to.shape[0]], wide[t]
                    for v in range(to.shape[0]):
                        to[v] += of[v] * factors[v]


@kernel(dx="B R S", canvas="H U", dy="B P Q V", wide="T V", w="T C", taps=":int64", stride_y=":int64", step=":int64",
        dilation_y=":int64", dilation_x=":int64", top=":int64", left=":int64")  # fmt: skip
def backward_x(dx, canvas, dy, wide, w, taps, stride_y, step, dilation_y, dilation_x, top, left):
    """Dx, every output spreading over its window; `canvas` is dx of one example with its padding."""
    channels = w.shape[1]
    for n in range(dx.shape[0]):
        for h in range(canvas.shape[0]):
            row = canvas[h]
            for u in range(row.shape[0]):
                row[u] = 0
        for p in range(dy.shape[1]):
            for q in range(dy.shape[2]):
                slope = dy[n, p, q]
                for t in range(w.shape[0]):
                    at = q * step + t % taps * dilation_x * channels
                    to, factors = canvas[p * stride_y + t // taps * dilation_y, at : at + slope.shape[0]], wide[t]
                    for v in range(slope.shape[0]):
                        to[v] += slope[v] * factors[v]
        for r in range(dx.shape[1]):
            out, of = dx[n, r], canvas[top + r, left * channels : left * channels + dx.shape[2]]
            for s in range(out.shape[0]):
                out[s] = of[s]


@kernel(dw="T C", turned="T V", dy="B P Q V", padded="B H U", taps=":int64", stride_y=":int64", step=":int64",
        dilation_y=":int64", dilation_x=":int64")  # fmt: skip
def backward_w(dw, turned, dy, padded, taps, stride_y, step, dilation_y, dilation_x):
    """Dw[k, j, c] = the sum over the batch and all p, q of padded[p stride + k dilation, ..., c] dy[p, q, c]."""
    channels = dw.shape[1]
    for t in range(turned.shape[0]):
        total = turned[t]
        for v in range(total.shape[0]):
            total[v] = 0
    for n in range(dy.shape[0]):
        for p in range(dy.shape[1]):
            for q in range(dy.shape[2]):
                slope = dy[n, p, q]
                for t in range(dw.shape[0]):
                    at = q * step + t % taps * dilation_x * channels
                    of, total = padded[n, p * stride_y + t // taps * dilation_y, at : at + slope.shape[0]], turned[t]
                    for v in range(slope.shape[0]):
                        total[v] += of[v] * slope[v]
    for t in range(dw.shape[0]):
        to, total = dw[t], turned[t]
        for c in range(channels):
            to[c] = 0
        for at in range(0, total.shape[0], channels):
            part = total[at : at + channels]
            for c in range(channels):
                to[c] += part[c]


@kernel(y="*N O", x="*N C")
def copies(y, x):
    """Every number of x several times, side by side."""
    times = y.shape[1] // x.shape[1]
    for n in range(y.shape[0]):
        to, of = y[n], x[n]
        for c in range(of.shape[0]):
            for j in range(times):
                to[c * times + j] = of[c]


@kernel(dx="*N C", dy="*N O")
def copies_back(dx, dy):
    """Dx = the sum of dy over the copies."""
    times = dy.shape[1] // dx.shape[1]
    for n in range(dx.shape[0]):
        to, slope = dx[n], dy[n]
        for c in range(to.shape[0]):
            to[c] = 0
            for j in range(times):
                to[c] += slope[c * times + j]


class DepthwiseConv(Layer):
    """Depthwise convolution: y[p, q, c] = b + the sum over k, j of x[p s + k d, q s + j d, c] w[k, j, c].

    A convolution (B, H, W, C) to (B, P, Q, C) that does not mix channels, so it costs as many times less as there are
    channels: 9 C weights instead of 9 C C. A conv of kernel 1 behind it mixes them; the two together do nearly what one
    convolution does, for a fraction of the work. With `multiplier` m each channel gets m filters, and y has C m channels,
    those of channel c being c m to c m + m - 1. w is (kernel height, kernel width, C, m), b (C m,). Sizes follow from
    the options as those of conv do. Backward: dx is dy spread over the windows by w, dw the sum of x by dy over all places.

        - depthwise_conv: 3
        - conv: {units: 32, kernel: 1}
        - depthwise_conv: {kernel: 5, stride: 2, padding: same, bias: false}

    Options:

    - kernel: size of the window, one number or [height, width].
    - stride: step from one window to the next, one number or [down, across].
    - dilation: distance between the numbers a window looks at; 1 is next to each other.
    - padding: zeros around the picture. valid is none; same makes the output ceil(n / stride); a number is so many at
      either end, [rows, columns] one for each axis.
    - multiplier: filters for each channel.
    - bias: whether b is there; leave it out before batch_norm.
    - init: how w starts; left out, what suits the activation that follows.

    Source: Howard and others, MobileNets: efficient convolutional neural networks for mobile vision applications (2017).
    """

    name = "depthwise_conv"
    group = "pictures and signals"
    main = "kernel"
    kernel: Pair = 3
    stride: Pair = 1
    dilation: Pair = 1
    padding: Padding = "valid"
    multiplier: Size = 1
    bias: bool = True
    init: Annotated[Initializer | None, Nested("initializers")] = None

    cases: ClassVar[Sequence[Case]] = (
        Case(shape=(4, 5, 3)),
        Case({"kernel": 2, "stride": 2, "multiplier": 2, "bias": False}, shape=(5, 4, 2)),
        Case({"kernel": (3, 2), "padding": "same", "stride": (2, 1)}, shape=(5, 4, 1)),
        Case({"dilation": 2, "padding": 2, "stride": 3}, shape=(5, 6, 2)),
        Case({"kernel": 1, "multiplier": 3}, shape=(2, 3, 2), batch=1),
    )

    def build(self, net: Net, x: Value) -> Value:
        """Zeros around x where there are any, one row forward, three backward; with a multiplier x is copied first."""
        _, _, inputs = picture(x)
        rows, columns = self._axes(x.shape)
        taps = rows.kernel * columns.kernel
        shape = rows.kernel, columns.kernel, inputs, self.multiplier
        w = net.parameter("w", shape, self.init, fans=(taps, taps * self.multiplier))
        b = net.parameter("b", (inputs * self.multiplier,), decays=False) if self.bias else None
        if self.multiplier > 1:
            y = net.array((*x.shape[:-1], inputs * self.multiplier), "copies")
            net.call(copies, backward=(copies_back,), y=y, x=x)
            x = y
        return build_depthwise(net, x, net.view(w, (taps, x.features)), b, rows, columns)

    def _axes(self, shape: Sequence[Dim]) -> tuple[Axis, ...]:
        sizes = [int(size) for size in shape[1:3]]
        return axes(sizes, both(self.kernel), both(self.stride), both(self.dilation), self.padding)

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """The window, for every number of the output."""
        height, width = both(self.kernel)
        return int(y[1]) * int(y[2]) * int(y[3]) * height * width

    def reach(self, x: tuple[Dim, ...]) -> Reach:
        """The window."""
        return Reach(both(self.kernel), both(self.stride), both(self.dilation))


def build_depthwise(net: Net, x: Value, w: Value, b: Value | None, rows: Axis, columns: Axis) -> Value:
    """The rows for x (B, H, W, C), w (kernel height * width, C) and b (C,); returns y (B, P, Q, C)."""
    batch, channels = x.shape[0], x.features
    run, runs = (columns.outputs * channels, 1) if columns.stride == 1 else (channels, columns.outputs)
    wide = int(w.shape[0]), run
    canvas = rows.padded, columns.padded * channels
    y = net.array((batch, rows.outputs, runs, run))
    operands: dict[str, Value] = {
        "x": net.view(x, (batch, rows.size, columns.size * channels)),
        "padded": net.view(padded(net, x, rows, columns), (batch, *canvas)), "w": w,
        "b": b if b is not None else net.vector([0.0] * channels), "wide": net.array(wide, "wide"),
        "turned": net.array(wide, "turned"), "canvas": net.array(canvas, "canvas"),
        "taps": net.whole(columns.kernel), "stride_y": net.whole(rows.stride), "step": net.whole(columns.stride * channels),
        "dilation_y": net.whole(rows.dilation), "dilation_x": net.whole(columns.dilation), "top": net.whole(rows.low),
        "left": net.whole(columns.low),
    }  # fmt: skip
    steps = [backward_x, backward_w]
    if b is not None:
        steps.append(backward_b)
        operands["folded"] = net.array((FOLD, channels), "folded")
    net.call(forward, backward=steps, y=y, **operands)
    return net.view(y, (batch, rows.outputs, columns.outputs, channels))
