"""Convolution: one small filter for every place of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from dllab.catalogue import Nested, Size
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.tile import FROM_START, FROM_ZERO, lanes, products, spread
from dllab.inits.initializer import Initializer
from dllab.ops.layer import Case, Layer, Reach
from dllab.ops.window import Axis, Padding, Pair, axes, both, padded, picture, places
from dllab.symbols import Dim, Net, Value

FOLD = 16
"""Rows over which a bias gathers its gradient before they are added up: enough for whole vectors of any width."""


@kernel(y="B P Q O", padded="B H W C", w="K L C O", b="O", at="M:int64", to="M:int64", stride_y=":int64",
        stride_x=":int64", dilation_y=":int64", dilation_x=":int64")  # fmt: skip
def forward(y, padded, w, b, at, to, stride_y, stride_x, dilation_y, dilation_x):
    """Y[p, q] = b + the sum over k, j, c of padded[p stride + k dilation, q stride + j dilation, c] w[k, j, c]."""
    rows, columns = y.shape[1], y.shape[2]
    height, width, inputs = padded.shape[1], padded.shape[2], padded.shape[3]
    outputs = y.shape[3]
    places(at, rows, columns, stride_y * width * inputs, stride_x * inputs, 0)
    places(to, rows, columns, columns * outputs, outputs, 0)
    for n in range(y.shape[0]):
        if dilation_x == 1:  # a row of a window is one run of numbers
            products(y, n * rows * columns * outputs, to, padded, n * height * width * inputs, at, rows * columns,
                     0, dilation_y * width * inputs, 1, w, 0, 0, w.shape[1] * inputs * outputs, outputs,
                     1, w.shape[0], w.shape[1] * inputs, outputs, b, FROM_START)  # fmt: skip
        else:
            products(y, n * rows * columns * outputs, to, padded, n * height * width * inputs, at, rows * columns,
                     dilation_y * width * inputs, dilation_x * inputs, 1, w, 0, w.shape[1] * inputs * outputs,
                     inputs * outputs, outputs, w.shape[0], w.shape[1], inputs, outputs, b, FROM_START)  # fmt: skip


@kernel(dw="K L C O", padded="B H W C", dy="B P Q O", w_at="R:int64", w_to="R:int64", stride_y=":int64",
        stride_x=":int64", dilation_y=":int64", dilation_x=":int64")  # fmt: skip
def backward_w(dw, padded, dy, w_at, w_to, stride_y, stride_x, dilation_y, dilation_x):
    """Dw[k, j, c] = the sum over the batch and all p, q of padded[p stride + k dilation, ...] dy[p, q]."""
    height, width, inputs = padded.shape[1], padded.shape[2], padded.shape[3]
    rows, columns, outputs = dy.shape[1], dy.shape[2], dy.shape[3]
    r = 0
    for k in range(dw.shape[0]):
        for j in range(dw.shape[1]):
            for c in range(inputs):
                w_at[r] = (k * dilation_y * width + j * dilation_x) * inputs + c
                w_to[r] = r * outputs
                r += 1
    products(dw, 0, w_to, padded, 0, w_at, r, height * width * inputs, stride_y * width * inputs, stride_x * inputs,
             dy, 0, rows * columns * outputs, columns * outputs, outputs, dy.shape[0], rows, columns, outputs,
             dw, FROM_ZERO)  # fmt: skip


@kernel(db="O", dy="*N", folded="*F")
def backward_b(db, dy, folded):
    """Db = the sum of dy (B, P, Q, O) over the batch and all places; `folded` (16, O) is summed in whole vectors."""
    length, outputs = folded.shape[0], db.shape[0]
    for i in range(length):
        folded[i] = 0
    whole = dy.shape[0] // length * length
    for at in range(0, whole, length):
        part = dy[at : at + length]
        for i in range(length):
            folded[i] += part[i]
    rest = dy[whole:]
    for i in range(rest.shape[0]):
        folded[i] += rest[i]
    for o in range(outputs):
        db[o] = 0
    for at in range(0, length, outputs):
        part = folded[at : at + outputs]
        for o in range(outputs):
            db[o] += part[o]


@device
def first_tap(place: int, dilation: int, stride: int) -> int:
    """The first k with (place - k dilation) a multiple of the stride; -1 if there is none."""
    for k in range(stride):
        if (place - k * dilation) % stride == 0:
            return k
    return -1


@device
def common(a: int, b: int) -> int:
    """The greatest common divisor."""
    while b != 0:
        a, b = b, a % b
    return a


@kernel(dx="B H W C", dy="B P Q O", w="K L C O", turned="K L O C", wide="U V O", x_at="N:int64", x_to="N:int64",
        stride_y=":int64", stride_x=":int64", dilation_y=":int64", dilation_x=":int64", top=":int64", left=":int64",
        low_y=":int64", low_x=":int64")  # fmt: skip
def gather_back(dx, dy, w, turned, wide, x_at, x_to, stride_y, stride_x, dilation_y, dilation_x, top, left, low_y, low_x):
    """Dx, each number gathered from the outputs that saw it.

    `wide` is dy of one example with zeros around it, low_y rows and low_x columns of them in front. Places whose distance
    from the first window is the same modulo the stride are seen by the same taps of the kernel, so each such class of
    places is a convolution of its own.
    """
    for k in range(w.shape[0]):
        for j in range(w.shape[1]):
            for c in range(w.shape[2]):
                for o in range(w.shape[3]):
                    turned[k, j, o, c] = w[k, j, c, o]
    for u in range(wide.shape[0]):
        for v in range(wide.shape[1]):
            for o in range(wide.shape[2]):
                wide[u, v, o] = 0
    for n in range(dx.shape[0]):
        for p in range(dy.shape[1]):
            to, of = wide[low_y + p, low_x : low_x + dy.shape[2]], dy[n, p]
            for q in range(of.shape[0]):
                for o in range(of.shape[1]):
                    to[q, o] = of[q, o]
        for class_y in range(min(stride_y, dx.shape[1])):
            for class_x in range(min(stride_x, dx.shape[2])):
                _one_class(dx, n, turned, wide, x_at, x_to, stride_y, stride_x, dilation_y, dilation_x, top, left,
                           low_y, low_x, class_y, class_x)  # fmt: skip


@device
def _one_class(
    dx: Any, n: int, turned: Any, wide: Any, x_at: Any, x_to: Any, stride_y: int, stride_x: int, dilation_y: int,
    dilation_x: int, top: int, left: int, low_y: int, low_x: int, class_y: int, class_x: int,
) -> None:  # fmt: skip
    """Dx at rows class_y, class_y + stride_y, ... and columns alike."""
    height, width, inputs = dx.shape[1], dx.shape[2], dx.shape[3]
    across, outputs = wide.shape[1], wide.shape[2]
    rows = (height - class_y + stride_y - 1) // stride_y
    columns = (width - class_x + stride_x - 1) // stride_x
    first_y, first_x = first_tap(class_y + top, dilation_y, stride_y), first_tap(class_x + left, dilation_x, stride_x)
    common_y, common_x = common(stride_y, dilation_y), common(stride_x, dilation_x)
    tap_y, tap_x = stride_y // common_y, stride_x // common_x  # from one tap of this class to the next
    taps_y = max((turned.shape[0] - first_y + tap_y - 1) // tap_y, 0) if first_y >= 0 else 0
    taps_x = max((turned.shape[1] - first_x + tap_x - 1) // tap_x, 0) if first_x >= 0 else 0
    if taps_y * taps_x == 0:  # windows stand too far apart to see these places
        first_y, first_x, taps_y, taps_x = 0, 0, 0, 0
    start_y = (class_y + top - first_y * dilation_y) // stride_y + low_y
    start_x = (class_x + left - first_x * dilation_x) // stride_x + low_x
    places(x_at, rows, columns, across * outputs, outputs, (start_y * across + start_x) * outputs)
    places(x_to, rows, columns, stride_y * width * inputs, stride_x * inputs, (class_y * width + class_x) * inputs)
    w_row = turned.shape[1] * outputs * inputs
    products(dx, n * height * width * inputs, x_to, wide, 0, x_at, rows * columns,
             -(dilation_y // common_y) * across * outputs, -(dilation_x // common_x) * outputs, 1,
             turned, first_y * w_row + first_x * outputs * inputs, tap_y * w_row, tap_x * outputs * inputs, inputs,
             taps_y, taps_x, outputs, inputs, dx, FROM_ZERO)  # fmt: skip


@kernel(dx="B H W C", dy="B P Q O", w="K L C O", flipped="F", canvas="G D C", y_to="M:int64", piece_to="S:int64",
        piece_of="S:int64", piece_size="S:int64", stride_y=":int64", stride_x=":int64", dilation_y=":int64", top=":int64",
        left=":int64")  # fmt: skip
def spread_back(
    dx, dy, w, flipped, canvas, y_to, piece_to, piece_of, piece_size, stride_y, stride_x, dilation_y, top, left
):
    """Dx, every output spreading over the window it saw: for few channels, where a row of a window fills vectors better.

    `canvas` is dx of one example with its padding; a row of a window is one run of numbers (dilation 1 along it). `flipped`
    is w by outputs, every row of the kernel beginning with a new vector.
    """
    inputs, run, across = w.shape[2], w.shape[1] * w.shape[2], canvas.shape[1] * canvas.shape[2]
    outputs, rows, columns, vector = dy.shape[3], dy.shape[1], dy.shape[2], lanes(dx)
    places(y_to, rows, columns, stride_y * across, stride_x * inputs, 0)
    pieces = 0
    for k in range(w.shape[0]):
        for c in range(0, run, vector):
            piece_to[pieces] = k * dilation_y * across + c
            piece_of[pieces] = pieces * vector
            piece_size[pieces] = min(vector, run - c)
            pieces += 1
    along = pieces // w.shape[0] * vector
    for o in range(outputs):
        for k in range(w.shape[0]):
            to = flipped[(o * w.shape[0] + k) * along : (o * w.shape[0] + k) * along + run]
            for j in range(w.shape[1]):
                for c in range(inputs):
                    to[j * inputs + c] = w[k, j, c, o]
    for n in range(dx.shape[0]):
        for g in range(canvas.shape[0]):
            line = canvas[g]
            for f in range(line.shape[0]):
                for c in range(line.shape[1]):
                    line[f, c] = 0
        first = n * rows * columns * outputs
        spread(canvas, 0, y_to, dy, first, outputs, rows * columns, flipped, pieces * vector, outputs, piece_to, piece_of,
               piece_size, pieces)  # fmt: skip
        for h in range(dx.shape[1]):
            to, of = dx[n, h], canvas[top + h, left : left + dx.shape[2]]
            for i in range(to.shape[0]):
                for c in range(to.shape[1]):
                    to[i, c] = of[i, c]


def build_conv(net: Net, x: Value, w: Value, b: Value | None, rows: Axis, columns: Axis) -> Value:
    """The rows of a convolution of x (B, H, W, C) with w (K, L, C, O) and b (O,); returns y (B, P, Q, O)."""
    kernel_y, kernel_x, inputs, outputs = (int(size) for size in w.shape)
    y = net.array((x.shape[0], rows.outputs, columns.outputs, outputs))
    count, taps = rows.outputs * columns.outputs, kernel_y * kernel_x * inputs
    operands: dict[str, Value] = {
        "y": y, "x": x, "padded": padded(net, x, rows, columns), "w": w,
        "b": b if b is not None else net.vector([0.0] * outputs),
        "at": net.array((count,), "at", "int64"), "to": net.array((count,), "to", "int64"),
        "w_at": net.array((taps,), "w_at", "int64"), "w_to": net.array((taps,), "w_to", "int64"),
        "stride_y": net.whole(rows.stride), "stride_x": net.whole(columns.stride),
        "dilation_y": net.whole(rows.dilation), "dilation_x": net.whole(columns.dilation),
        "top": net.whole(rows.low), "left": net.whole(columns.low),
    }  # fmt: skip
    spreads = _spreads(rows, columns, inputs)
    steps = [spread_back if spreads else gather_back, backward_w]
    operands |= _for_spread(net, rows, columns, w) if spreads else _for_gather(net, rows, columns, w)
    if b is not None:
        steps.append(backward_b)
        operands["folded"] = net.array((FOLD, outputs), "folded")
    net.call(forward, backward=steps, **operands)
    return y


VECTOR = 16  # numbers in a vector of float32 where vectors are widest; only a choice of method hangs on it


def _spreads(rows: Axis, columns: Axis, inputs: int) -> bool:
    """Whether dx is quicker to spread than to gather: by the vectors that each would have to multiply."""
    if columns.dilation > 1 or rows.kernel * columns.kernel == 1:
        return False
    spread_work = rows.outputs * columns.outputs * rows.kernel * -(-columns.kernel * inputs // VECTOR)
    taps = -(-rows.kernel // rows.stride) * -(-columns.kernel // columns.stride)
    return 2 * spread_work < rows.size * columns.size * taps * -(-inputs // VECTOR)


def _for_spread(net: Net, rows: Axis, columns: Axis, w: Value) -> dict[str, Value]:
    kernel_y, kernel_x, inputs, outputs = (int(size) for size in w.shape)
    pieces = kernel_y * kernel_x * inputs  # as many as there are where a vector holds one number
    return {
        "flipped": net.array((outputs * kernel_y * -(-kernel_x * inputs // VECTOR) * VECTOR,), "flipped"),
        "canvas": net.array((rows.padded, columns.padded, inputs), "canvas"),
        "y_to": net.array((rows.outputs * columns.outputs,), "y_to", "int64"),
        **{name: net.array((pieces,), name, "int64") for name in ("piece_to", "piece_of", "piece_size")},
    }


def _for_gather(net: Net, rows: Axis, columns: Axis, w: Value) -> dict[str, Value]:
    kernel_y, kernel_x, inputs, outputs = (int(size) for size in w.shape)
    (low_y, high_y), (low_x, high_x) = _margins(rows), _margins(columns)
    return {
        "turned": net.array((kernel_y, kernel_x, outputs, inputs), "turned"),
        "wide": net.array((low_y + rows.outputs + high_y, low_x + columns.outputs + high_x, outputs), "wide"),
        "x_at": net.array((rows.size * columns.size,), "x_at", "int64"),
        "x_to": net.array((rows.size * columns.size,), "x_to", "int64"),
        "low_y": net.whole(low_y), "low_x": net.whole(low_x),
    }  # fmt: skip


def _margins(axis: Axis) -> tuple[int, int]:
    """How far before the first and behind the last output the taps of an input can lie."""
    low = -((axis.low - axis.dilation * (axis.kernel - 1)) // axis.stride)
    high = (axis.size - 1 + axis.low) // axis.stride - (axis.outputs - 1)
    return max(low, 0), max(high, 0)


class Conv(Layer):
    """Convolution (2-D): y[p, q] = b + the sum over k, j of x[p s + k d - top, q s + j d - left] w[k, j].

    One small filter looks at every place of a picture: x (B, H, W, C) becomes y (B, P, Q, units), w is (kernel height,
    kernel width, C, units), b (units,). A pattern is learnt once and found anywhere, with far fewer weights than a dense
    layer, and a shift of the input shifts the output. (As everywhere in deep learning the kernel is not mirrored: strictly
    it is cross-correlation.) Output size along an axis of n: floor((n + p - d (k - 1) - 1) / s) + 1, with p zeros of
    padding, stride s, dilation d. Backward: dx is dy spread over the windows by w, dw the sum of x by dy over all places.

        - conv: 16
        - conv: {units: 32, kernel: 5, stride: 2, padding: same}
        - conv: {units: 8, kernel: [1, 3], dilation: 2, padding: 1, bias: false}

    Options:

    - units: filters, the channels of the output.
    - kernel: size of the window, one number or [height, width].
    - stride: step from one window to the next, one number or [down, across].
    - dilation: distance between the numbers a window looks at; 1 is next to each other.
    - padding: zeros around the picture. valid is none; same makes the output ceil(n / stride); a number is so many at
      either end, [rows, columns] one for each axis.
    - bias: whether b is there; leave it out before batch_norm.
    - init: how w starts; left out, what suits the activation that follows.

    Source: LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition (1998).
    """

    name = "conv"
    group = "pictures and signals"
    main = "units"
    units: Size
    kernel: Pair = 3
    stride: Pair = 1
    dilation: Pair = 1
    padding: Padding = "valid"
    bias: bool = True
    init: Annotated[Initializer | None, Nested("initializers")] = None

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3}, shape=(5, 6, 2)),
        Case({"units": 2, "kernel": 2, "stride": 2, "bias": False}, shape=(5, 5, 3)),
        Case({"units": 2, "kernel": (3, 2), "padding": "same", "stride": (2, 1)}, shape=(5, 4, 1)),
        Case({"units": 2, "kernel": 3, "dilation": 2, "padding": 2, "stride": 3}, shape=(6, 5, 2)),
        Case({"units": 2, "kernel": 1, "stride": 2}, shape=(3, 4, 18), batch=1),
        Case({"units": 18, "kernel": (2, 3), "padding": (0, 2)}, shape=(3, 3, 2), batch=2),
    )

    def build(self, net: Net, x: Value) -> Value:
        """Zeros around x where there are any, one row forward, three backward."""
        _, _, inputs = picture(x)
        rows, columns = self._axes(x.shape)
        fans = rows.kernel * columns.kernel * inputs, rows.kernel * columns.kernel * self.units
        w = net.parameter("w", (rows.kernel, columns.kernel, inputs, self.units), self.init, fans=fans)
        b = net.parameter("b", (self.units,), decays=False) if self.bias else None
        return build_conv(net, x, w, b, rows, columns)

    def _axes(self, shape: Sequence[Dim]) -> tuple[Axis, ...]:
        sizes = [int(size) for size in shape[1:3]]
        return axes(sizes, both(self.kernel), both(self.stride), both(self.dilation), self.padding)

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """Window times filters, at every place."""
        height, width = both(self.kernel)
        return int(y[1]) * int(y[2]) * height * width * int(x[3]) * self.units

    def reach(self, x: tuple[Dim, ...]) -> Reach:
        """The window."""
        return Reach(both(self.kernel), both(self.stride), both(self.dilation))
