"""Ways to join arrays, as blocks need them: add them up, or put them side by side along the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from dllab.core.kernel import kernel
from dllab.symbols import Dim, Net, ShapeError, Value

Join = Literal["add", "concat"]


@kernel(y="*N", x="*N", f="*N")
def add(y, x, f):
    """Y = x + f."""
    for i in range(y.shape[0]):
        y[i] = x[i] + f[i]


@kernel(y="*N", x="*N")
def add_more(y, x):
    """Y += x: a third term and further ones."""
    for i in range(y.shape[0]):
        y[i] += x[i]


@kernel(dx="*N", dy="*N")
def add_backward_x(dx, dy):
    """Dx = dy."""
    for i in range(dx.shape[0]):
        dx[i] = dy[i]


@kernel(df="*N", dy="*N")
def add_backward_f(df, dy):
    """Df = dy."""
    for i in range(df.shape[0]):
        df[i] = dy[i]


@kernel(y="*N F", x="*N K", at=":int64")
def put(y, x, at):
    """Columns `at` to at + K of y = x."""
    for n in range(y.shape[0]):
        to, of = y[n, at : at + x.shape[1]], x[n]
        for k in range(of.shape[0]):
            to[k] = of[k]


@kernel(dx="*N K", dy="*N F", at=":int64")
def put_backward(dx, dy, at):
    """Dx = columns `at` to at + K of dy."""
    for n in range(dx.shape[0]):
        to, of = dx[n], dy[n, at : at + dx.shape[1]]
        for k in range(to.shape[0]):
            to[k] = of[k]


def joined(net: Net, values: Sequence[Value], how: Join) -> Value:
    """All values as one; a single one stays as it is.

    Raises ShapeError where shapes differ in more than `how` allows: nothing (add), the last axis (concat).
    """
    if len(values) == 1:
        return values[0]
    y = _sum(net, values) if how == "add" else _side_by_side(net, values)
    if len(y.shape) > 2:
        y.lengths = next((value.lengths for value in values if value.lengths is not None), None)
    return y


def shape_text(shape: Sequence[Dim]) -> str:
    """`(B, 64)`."""
    return "(" + ", ".join(str(size) for size in shape) + ")"


def _sum(net: Net, values: Sequence[Value]) -> Value:
    first, second, *more = values
    if any(value.shape != first.shape for value in values):
        shapes = ", ".join(shape_text(value.shape) for value in values)
        raise ShapeError(f"paths that are added must end in one shape, not in {shapes}; or use join: concat")
    y = net.array(first.shape)
    net.call(add, backward=(add_backward_x, add_backward_f), y=y, x=first, f=second)
    for value in more:
        net.call(add_more, backward=(add_backward_x,), y=y, x=value)
    return y


def _side_by_side(net: Net, values: Sequence[Value]) -> Value:
    leading = values[0].shape[:-1]
    if any(value.shape[:-1] != leading for value in values):
        shapes = ", ".join(shape_text(value.shape) for value in values)
        hint = "; padding: same keeps height and width" if len(leading) > 2 else ""
        raise ShapeError(f"paths side by side may differ in the last axis only, but they end in {shapes}{hint}")
    y = net.array((*leading, sum(value.features for value in values)))
    at = 0
    for value in values:
        net.call(put, backward=(put_backward,), y=y, x=value, at=net.whole(at))
        at += value.features
    return y
