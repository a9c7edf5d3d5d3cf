"""What layers over sequences (B, T, F) share: the check of the shape, how long each is, zeros where none is left."""

from __future__ import annotations

from math import prod

from dllab.core.kernel import kernel
from dllab.ops.join import shape_text
from dllab.ops.window import Axis
from dllab.symbols import Net, ShapeError, Value


@kernel(lengths="B:int32", steps=":int64")
def every_step(lengths, steps):
    """All sequences have all steps."""
    for n in range(lengths.shape[0]):
        lengths[n] = steps


@kernel(ends="B:int32", lengths="B:int32", span=":int64", stride=":int64", most=":int64")
def windows(ends, lengths, span, stride, most):
    """How many windows of `span` steps, `stride` apart, lie within each length: at least one, `most` at most."""
    for n in range(ends.shape[0]):
        ends[n] = min(max((lengths[n] - span) // stride + 1, 1), most)


@kernel(y="B T F", x="B T F", lengths="B:int32")
def mask(y, x, lengths):
    """Y = x, 0 at steps that are not there."""
    for n in range(y.shape[0]):
        for t in range(y.shape[1]):
            to, of = y[n, t], x[n, t]
            if t < lengths[n]:
                for f in range(to.shape[0]):
                    to[f] = of[f]
            else:
                for f in range(to.shape[0]):
                    to[f] = 0


@kernel(dx="B T F", dy="B T F", lengths="B:int32")
def mask_back(dx, dy, lengths):
    """Dx = dy, 0 at steps that are not there."""
    for n in range(dx.shape[0]):
        for t in range(dx.shape[1]):
            to, of = dx[n, t], dy[n, t]
            if t < lengths[n]:
                for f in range(to.shape[0]):
                    to[f] = of[f]
            else:
                for f in range(to.shape[0]):
                    to[f] = 0


def sequence(x: Value) -> tuple[int, int]:
    """Steps and features of x (B, T, F). Raises ShapeError for other shapes."""
    if len(x.shape) == 3:
        return int(x.shape[1]), x.features
    hint = "conv and its kin take pictures, and reshape cuts them into steps"
    if len(x.shape) == 2:
        hint = f"put an embedding in front where they are ids, reshape: [{x.shape[1]}, 1] where they are numbers"
    raise ShapeError(f"it takes sequences (B, steps, features), not {shape_text(x.shape)}; {hint}")


def lengths_of(net: Net, x: Value) -> Value:
    """(B,) int32: how many steps of x are there; those of x, or all."""
    if x.lengths is not None:
        return x.lengths
    lengths = net.array((x.shape[0],), "lengths", "int32")
    net.call(every_step, lengths=lengths, steps=net.whole(int(x.shape[1])))
    return lengths


def lengths_behind(net: Net, x: Value, along: Axis, padding: object) -> Value | None:
    """(B,) int32: how many windows over the steps of x count, were each sequence padded as x is; None without lengths.

    With padding `same` those that begin within it.
    """
    if x.lengths is None or len(x.shape) != 3:
        return None
    span = 1 if padding == "same" else along.span - along.low - along.high
    lengths = net.array((x.shape[0],), "lengths", "int32")
    net.call(
        windows, ends=lengths, lengths=x.lengths, span=net.whole(span), stride=net.whole(along.stride),
        most=net.whole(along.outputs),
    )  # fmt: skip
    return lengths


def masked(net: Net, x: Value) -> Value:
    """X with zeros where a sequence has ended; x itself where all have all steps. For layers that mix steps."""
    if x.lengths is None or len(x.shape) < 3:
        return x
    flat = net.view(x, (*x.shape[:2], prod(int(size) for size in x.shape[2:])))
    y = net.array(flat.shape, "masked")
    net.call(mask, backward=(mask_back,), y=y, x=flat, lengths=x.lengths)
    y.lengths = x.lengths
    return net.view(y, x.shape)
