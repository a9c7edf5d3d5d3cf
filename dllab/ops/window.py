"""Windows that slide over pictures and signals: how many there are, and where each begins.

Along one axis of n numbers, a kernel of k numbers, `dilation` d apart, spans d (k - 1) + 1 of them. With p zeros of padding
in all, windows that begin s apart (the stride) give floor((n + p - d (k - 1) - 1) / s) + 1 outputs. Padding `same` is as
many zeros as make it ceil(n / s), half of them in front (an odd one goes behind).

Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from dllab.catalogue import Size
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.ops.join import shape_text
from dllab.symbols import Net, ShapeError, Value

Pair = Size | tuple[Size, Size]
"""One number for both axes, or one each for height and width."""

Zeros = Annotated[int, Field(ge=0, le=1_000_000)]
Padding = Literal["valid", "same"] | Zeros | tuple[Zeros, Zeros]
"""Zeros around the input: none, as many as `same` asks for, or so many at either end of each axis."""


@dataclass(frozen=True)
class Axis:
    """Windows along one axis of `size` numbers; `low` zeros are put in front and `high` behind."""

    size: int
    kernel: int
    stride: int
    dilation: int
    low: int
    high: int

    @property
    def span(self) -> int:
        """How many numbers a window reaches over."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def padded(self) -> int:
        """The size with the zeros."""
        return self.size + self.low + self.high

    @property
    def outputs(self) -> int:
        """How many windows there are."""
        return (self.padded - self.span) // self.stride + 1


def both(value: int | tuple[int, int]) -> tuple[int, int]:
    """An option that is one number for both axes, as one for each."""
    return value if isinstance(value, tuple) else (value, value)


def axes(
    sizes: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], padding: Padding
) -> tuple[Axis, ...]:
    """The windows along every axis. Raises ShapeError where a window is larger than the padded input."""
    found = []
    names = ("rows", "columns") if len(sizes) == 2 else ("steps",)
    for number, (size, k, s, d) in enumerate(zip(sizes, kernel, stride, dilation, strict=True)):
        span = d * (k - 1) + 1
        low, high = _zeros(size, span, s, padding, number)
        axis = Axis(size, k, s, d, low, high)
        if axis.outputs < 1:
            named = f" (kernel {k}, dilation {d})" if d > 1 else ""
            given = f"{size}, with {low + high} of padding" if low + high else f"{size}"
            raise ShapeError(
                f"a window of {span} {names[number]}{named} is larger than the input of {given}; make it smaller, pad the "
                "input (padding: same), or shrink it less before this layer"
            )
        found.append(axis)
    return tuple(found)


def _zeros(size: int, span: int, stride: int, padding: Padding, number: int) -> tuple[int, int]:
    if padding == "valid":
        return 0, 0
    if padding == "same":
        total = max((-(-size // stride) - 1) * stride + span - size, 0)
        return total // 2, total - total // 2
    each = padding[number] if isinstance(padding, tuple) else padding
    assert isinstance(each, int)
    return each, each


def picture(x: Value) -> tuple[int, int, int]:
    """Height, width and channels of x (B, H, W, C). Raises ShapeError for other shapes."""
    if len(x.shape) == 4:
        height, width, channels = (int(size) for size in x.shape[1:])
        return height, width, channels
    hint = "put reshape: [height, width, channels] in front of it"
    if len(x.shape) == 2:
        hint = f"give picture data the option flatten: false, or {hint}"
    elif len(x.shape) == 3:
        hint = f"put reshape: [{x.shape[1]}, {x.shape[2]}, 1] in front of it; conv1d and its kin take signals (B, T, C)"
    raise ShapeError(f"it takes pictures (B, height, width, channels), not {shape_text(x.shape)}; {hint}")


def signal(x: Value) -> tuple[int, int]:
    """Steps and channels of x (B, T, C). Raises ShapeError for other shapes."""
    if len(x.shape) == 3:
        return int(x.shape[1]), x.features
    hint = f"put reshape: [{x.shape[1]}, 1] in front of it" if len(x.shape) == 2 else "conv and its kin take pictures"
    raise ShapeError(f"it takes signals (B, steps, channels), not {shape_text(x.shape)}; {hint}")


@device
def ladder(table: Any, step: int) -> None:
    """table[i] = i step."""
    for i in range(table.shape[0]):
        table[i] = i * step


@device
def places(table: list[int], rows: int, columns: int, down: int, right: int, start: int) -> None:
    """table[r * columns + c] = start + r down + c right."""
    for r in range(rows):
        for c in range(columns):
            table[r * columns + c] = start + r * down + c * right


@kernel(y="B P Q C", x="B H W C", top=":int64", left=":int64")
def pad(y, x, top, left):
    """Y = x with zeros around it."""
    for b in range(y.shape[0]):
        for p in range(y.shape[1]):
            row = y[b, p]
            for q in range(row.shape[0]):
                for c in range(row.shape[1]):
                    row[q, c] = 0
            if top <= p < top + x.shape[1]:
                to, of = y[b, p, left : left + x.shape[2]], x[b, p - top]
                for q in range(of.shape[0]):
                    for c in range(of.shape[1]):
                        to[q, c] = of[q, c]


def padded(net: Net, x: Value, rows: Axis, columns: Axis) -> Value:
    """X (B, H, W, C) with the zeros that its windows ask for; x itself where they ask for none. It has no gradient."""
    if rows.padded == rows.size and columns.padded == columns.size:
        return x
    y = net.array((x.shape[0], rows.padded, columns.padded, x.features), "padded")
    net.call(pad, y=y, x=x, top=net.whole(rows.low), left=net.whole(columns.low))
    return y
