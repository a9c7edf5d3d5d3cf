"""Explanations of dense layers: every output a sum of products, every gradient one, too."""

from __future__ import annotations

from dllab.lab.explain_here import Array, Here, Told, at
from dllab.lab.explanation import Block, Equation, table, weighted


def dense(here: Here) -> Told:
    """Y = x w + b; dw = x dy, dx = w dy."""
    w, b = here.weight("w"), here.weight("b")
    assert w is not None
    *where, _ = here.place
    x, y = here.x[here.n][tuple(where)], here.y[here.n][tuple(where)]
    units = range(len(y)) if here.full else [here.place[-1]]
    forward: list[Block] = [table("", ["x"], _names("x", len(x)), x)] if here.full else []
    if here.full:
        forward.append(table("w, a column for each unit; under it b", [*_names("x", len(x)), *["b"] * (b is not None)],
                             _names("y", len(y)), w if b is None else [*w, b]))  # type: ignore[arg-type]  # fmt: skip
    forward += [_unit(here, x, w, b, y, unit) for unit in units]
    return Told(tuple(forward), tuple(_backward(here, x, w)))


def _names(letter: str, count: int) -> list[str]:
    return [f"{letter}{at(i)}" for i in range(count)]


def _unit(here: Here, x: Array, w: Array, b: Array | None, y: Array, unit: int) -> Equation:
    plus = [] if b is None else [(f"b{at(unit)}", b[unit])]
    return weighted(f"y{at(unit)}", w[:, unit], x, lambda i: (f"w{at(i, unit)}", f"x{at(i)}"), y[unit], here.most, plus)


def _backward(here: Here, x: Array, w: Array) -> list[Block]:
    dy, dw, db, dx = here.dy, here.slope("w"), here.slope("b"), here.dx
    *where, unit = here.place
    if dy is None:
        return ["no gradient comes here: nothing of this layer is learnt"]
    own = dy[here.n][tuple(where)]
    blocks: list[Block] = []
    if here.full:
        blocks.append(table("dy, from above", ["dy"], _names("y", len(own)), own))
    if dw is not None:
        i = int(abs(x * own[unit]).argmax())
        blocks.append(batch_sum(here, f"dw{at(i, unit)}", here.x[..., i], dy[..., unit],
                                (f"x{at(i)}", f"dy{at(unit)}"), dw[i, unit], tuple(where)))  # fmt: skip
        if here.full:
            blocks.append(table("dw, of the whole batch", _names("x", len(x)), _names("y", len(own)), dw))
    if db is not None:
        blocks.append(batch_sum(here, f"db{at(unit)}", None, dy[..., unit], ("", f"dy{at(unit)}"), db[unit], tuple(where)))
    if dx is not None:
        blocks += _to_input(here, x, w, own, dx[here.n][tuple(where)])
    return blocks


def _to_input(here: Here, x: Array, w: Array, dy: Array, dx: Array) -> list[Block]:
    """Dx of the input that counts most, or of all."""
    inputs = range(len(x)) if here.full else [int(abs(x * dx).argmax())]
    return [
        weighted(f"dx{at(i)}", w[i], dy, lambda k, i=i: (f"w{at(i, k)}", f"dy{at(k)}"), dx[i], here.most)  # type: ignore[misc]
        for i in inputs
    ]


def batch_sum(
    here: Here, left: str, a: Array | None, b: Array, named: tuple[str, str], value: float, where: tuple[int, ...] = ()
) -> Equation:
    """The gradient of a parameter: this example's a b, and those of its other places and the other inputs; a None: b alone.

    a, b (N, ...): of the whole batch; `where`: the place inside the example that is written out.
    """
    products = b if a is None else a * b
    own = products[here.n]
    operands = [(named[1], float(b[here.n][where]))]
    parts = ["{}"]
    if a is not None:
        operands.insert(0, (named[0], float(a[here.n][where])))
        parts = ["{} * {}"]
    hidden = 0.0
    if (others := _places(here, own) - 1) > 0:
        what = ("step" if own.ndim == 1 else "place") + "s" * (others > 1)
        operands.append((f"(its other {others:,} {what})" if others > 1 else f"(its other {what})",
                         float(own.sum() - own[where])))  # fmt: skip
        hidden += float(abs(own).sum())
    count = here.moment.rows - 1
    if count and a is not None and own.size == 1 and count <= here.most - 1:
        for n in range(here.moment.rows):
            if n != here.n:
                operands += [
                    (f"{named[0]} of input {n}", float(a[n].sum())),
                    (f"{named[1]} of input {n}", float(b[n].sum())),
                ]
                parts.append("{} * {}")
    elif count:
        name = f"(the other {count:,} inputs)" if count > 1 else "(the other input)"
        operands.append((name, float(products.sum() - own.sum())))
        hidden += float(abs(products).sum())
    template = " + ".join([*parts, *["{}"] * (len(operands) - sum(part.count("{}") for part in parts))])
    return Equation(left, template, tuple(operands), float(value), hidden)


def _places(here: Here, own: Array) -> int:
    """At how many places of an example a weight is used: steps that only fill a sequence up add 0, and do not count."""
    if own.ndim == 1 and own.size > 1:
        steps = here.steps()
        return own.size if own[steps:].any() else min(steps, own.size)
    return own.size
