"""Transposed convolution: a small picture becomes a larger one, every pixel painting with one small brush."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from dllab.catalogue import Nested, Size
from dllab.core.blas import gemm
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.inits.initializer import Initializer
from dllab.ops.conv import FOLD, backward_b
from dllab.ops.layer import Case, Layer, Reach
from dllab.ops.window import Axis, Padding, Pair, both, picture
from dllab.symbols import Dim, Net, ShapeError, Value

# Tap (k, j) of the kernel takes pixel (h, w) of x to pixel (h stride + k - top, w stride + j - left) of y, if there is one.
# Example by example: one product over all pixels and taps, `part` (H W, K L O), which stays in the cache while its pieces
# are added where they belong. `wide` (I, K L O) is w with its axes in the order of that product.


@device
def first_inside(tap: int, low: int, stride: int) -> int:
    """The first pixel of x that a tap takes to a pixel of y."""
    return max(0, (low - tap + stride - 1) // stride)


@device
def end_inside(tap: int, low: int, stride: int, size: int, count: int) -> int:
    """The pixel of x behind the last that a tap takes to one of `size` pixels of y; there are `count` of them."""
    return min(count, (size + low - tap + stride - 1) // stride)


@kernel(y="B P Q O", part="M T", wide="I T", x="B M I", w="K L I O", b="O", width=":int64", stride_y=":int64",
        stride_x=":int64", top=":int64", left=":int64")  # fmt: skip
def forward(y, part, wide, x, w, b, width, stride_y, stride_x, top, left):
    """Y[h stride + k - top, w stride + j - left] += x[h, w] w[k, j] for all h, w, k and j, on top of b."""
    outputs = y.shape[3]
    for i in range(w.shape[2]):
        for k in range(w.shape[0]):
            for j in range(w.shape[1]):
                at = (k * w.shape[1] + j) * outputs
                to, of = wide[i, at : at + outputs], w[k, j, i]
                for o in range(to.shape[0]):
                    to[o] = of[o]
    for n in range(y.shape[0]):
        for p in range(y.shape[1]):
            for q in range(y.shape[2]):
                to = y[n, p, q]
                for o in range(to.shape[0]):
                    to[o] = b[o]
        gemm(part, x[n], wide, False, False, False)
        for k in range(w.shape[0]):
            top_row, end_row = first_inside(k, top, stride_y), end_inside(k, top, stride_y, y.shape[1], x.shape[1] // width)
            for j in range(w.shape[1]):
                begin, end = first_inside(j, left, stride_x), end_inside(j, left, stride_x, y.shape[2], width)
                at = (k * w.shape[1] + j) * outputs
                for h in range(top_row, end_row):
                    row = y[n, h * stride_y + k - top]
                    for v in range(begin, end):
                        to, of = row[v * stride_x + j - left], part[h * width + v, at : at + outputs]
                        for o in range(to.shape[0]):
                            to[o] += of[o]


@kernel(dx="B M I", dw="K L I O", turned="I T", dy="B P Q O", part="M T", wide="I T", x="B M I", width=":int64",
        stride_y=":int64", stride_x=":int64", top=":int64", left=":int64")  # fmt: skip
def backward(dx, dw, turned, dy, part, wide, x, width, stride_y, stride_x, top, left):
    """Dx[h, w] = the sum over k, j of dy[h stride + k - top, w stride + j - left] w[k, j]', a convolution of dy;

    dw[k, j] = the sum over examples, h and w of x[h, w]' dy[h stride + k - top, w stride + j - left].
    """
    outputs, height = dy.shape[3], x.shape[1] // width
    for i in range(turned.shape[0]):
        for t in range(turned.shape[1]):
            turned[i, t] = 0
    for n in range(x.shape[0]):
        for k in range(dw.shape[0]):
            for j in range(dw.shape[1]):
                begin, end = first_inside(j, left, stride_x), end_inside(j, left, stride_x, dy.shape[2], width)
                at = (k * dw.shape[1] + j) * outputs
                for h in range(height):
                    p = h * stride_y + k - top
                    row = dy[n, min(max(p, 0), dy.shape[1] - 1)]
                    inside = 0 <= p < dy.shape[1]
                    for v in range(width):
                        to = part[h * width + v, at : at + outputs]
                        if inside and begin <= v < end:
                            of = row[v * stride_x + j - left]
                            for o in range(to.shape[0]):
                                to[o] = of[o]
                        else:
                            for o in range(to.shape[0]):
                                to[o] = 0
        gemm(dx[n], part, wide, False, True, False)
        gemm(turned, x[n], part, True, False, True)
    for k in range(dw.shape[0]):
        for j in range(dw.shape[1]):
            for i in range(turned.shape[0]):
                at = (k * dw.shape[1] + j) * outputs
                to, of = dw[k, j, i], turned[i, at : at + outputs]
                for o in range(to.shape[0]):
                    to[o] = of[o]


class ConvTranspose(Layer):
    """Transposed convolution: y = b + each x[h, w] w[k, j] put at (h s + k - p, w s + j - p).

    The way back up in autoencoders and generators, with weights that are learnt: x (B, H, W, C) becomes y (B, P, Q, units),
    w is (kernel height, kernel width, C, units), b (units,). What a convolution of the same options does to gradients,
    this does to pictures (the name deconvolution promises more). Output size along an axis of n: (n - 1) s + k - 2 p with
    stride s and p pixels cut off at either end; `same` makes it n s. A kernel that is no multiple of the stride paints some
    pixels more often than others, which shows as a checkerboard: take kernel 4 with stride 2, or upsample and conv.
    Backward: dx is the convolution of dy with w, dw the sum of x by dy over all places.

        - conv_transpose: 16
        - conv_transpose: {units: 1, kernel: 4, stride: 2, padding: 1}

    Options:

    - units: channels of the output.
    - kernel: size of the brush, one number or [height, width].
    - stride: how far apart two neighbours paint, one number or [down, across]: how many times larger the picture gets.
    - padding: what is cut off. same makes the output n s; valid cuts nothing; a number is so many pixels at either end,
      [rows, columns] one for each axis.
    - bias: whether b is there; leave it out before batch_norm.
    - init: how w starts; left out, what suits the activation that follows.

    Source: Zeiler, Krishnan, Taylor, Fergus, Deconvolutional networks (2010); Dumoulin and Visin, A guide to convolution
    arithmetic for deep learning (2016), chapter 4.
    """

    name = "conv_transpose"
    group = "pictures and signals"
    main = "units"
    units: Size
    kernel: Pair = 3
    stride: Pair = 2
    padding: Padding = "same"
    bias: bool = True
    init: Annotated[Initializer | None, Nested("initializers")] = None

    cases: ClassVar[Sequence[Case]] = (
        Case({"units": 3}, shape=(3, 2, 2)),
        Case({"units": 2, "padding": "valid", "stride": 1}, shape=(2, 3, 1)),
        Case({"units": 1, "kernel": 4, "padding": 1, "bias": False}, shape=(2, 2, 3)),
        Case({"units": 2, "kernel": (1, 3), "stride": (3, 1)}, shape=(2, 2, 2), batch=1),
    )

    def build(self, net: Net, x: Value) -> Value:
        """One row forward, two backward."""
        height, width, inputs = picture(x)
        rows, columns = self._axes(x.shape)
        (kernel_y, kernel_x), (stride_y, stride_x) = both(self.kernel), both(self.stride)
        taps = kernel_y * kernel_x
        fans = max(1, taps * inputs // (stride_y * stride_x)), taps * self.units  # each pixel hears taps / strides of them
        w = net.parameter("w", (kernel_y, kernel_x, inputs, self.units), self.init, fans=fans)
        y = net.array((x.shape[0], rows.size, columns.size, self.units))
        b = net.parameter("b", (self.units,), decays=False) if self.bias else net.vector([0.0] * self.units)
        pixels, columns_of_w = height * width, taps * self.units
        scratch = {
            "part": net.array((pixels, columns_of_w), "part"), "wide": net.array((inputs, columns_of_w), "wide"),
            "turned": net.array((inputs, columns_of_w), "turned"), "folded": net.array((FOLD, self.units), "folded"),
        }  # fmt: skip
        net.call(
            forward, backward=(backward, *([backward_b] if self.bias else [])), y=y,
            x=net.view(x, (x.shape[0], pixels, inputs)), w=w, b=b, width=net.whole(width), stride_y=net.whole(stride_y),
            stride_x=net.whole(stride_x), top=net.whole(rows.low), left=net.whole(columns.low), **scratch,
        )  # fmt: skip
        return y

    def _axes(self, shape: Sequence[Dim]) -> tuple[Axis, Axis]:
        """The windows of the convolution that this is the transpose of: over y, and as many as x has pixels."""
        given = zip((int(size) for size in shape[1:3]), both(self.kernel), both(self.stride), (0, 1))
        rows, columns = (_windows(size, k, s, self.padding, number) for size, k, s, number in given)
        return rows, columns

    def multiply_adds(self, x: tuple[Dim, ...], y: tuple[Dim, ...]) -> int:
        """Brush times channels, for every pixel of x."""
        height, width = both(self.kernel)
        return int(x[1]) * int(x[2]) * int(x[3]) * height * width * self.units

    def reach(self, x: tuple[Dim, ...]) -> Reach:
        """What one pixel paints."""
        return Reach(both(self.kernel), growth=both(self.stride))


def _windows(size: int, kernel: int, stride: int, padding: Padding, number: int) -> Axis:
    whole = (size - 1) * stride + kernel
    if padding == "valid":
        return Axis(whole, kernel, stride, 1, 0, 0)
    if padding == "same":
        cut = max(kernel - stride, 0)
        return Axis(size * stride, kernel, stride, 1, cut // 2, cut - cut // 2)
    each = padding[number] if isinstance(padding, tuple) else padding
    assert isinstance(each, int)
    if whole - 2 * each < 1:
        name = ("rows", "columns")[number]
        raise ShapeError(f"padding {each} cuts all {whole} {name} off; give it less padding, or a larger kernel or stride")
    return Axis(whole - 2 * each, kernel, stride, 1, each, each)
