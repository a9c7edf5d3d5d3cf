"""Explanations of dense layers: every output a sum of products, every gradient one, too."""

from __future__ import annotations

from typing import Any

from dllab.lab.explain_here import Array, Here, Told, at
from dllab.lab.explanation import Block, Equation, table, weighted
from dllab.ops import dense as op
from dllab.symbols import Parameter


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


def tied(here: Here) -> Told:
    """Y = x E' + b, E being the table of an embedding; its gradient is the sum of what both layers say."""
    row = here.row(op.forward_transposed, op.forward_transposed_unbiased)
    assert row is not None
    table, b = here.read(row, "w"), here.weight("b")  # (V, F), (V,)
    root: Any = row.operands["w"]
    while root.parent is not None and not isinstance(root, Parameter):
        root = root.parent
    *where, o = here.place
    x, whole = here.x[here.n][tuple(where)], (here.n, *here.place)
    plus = [] if b is None else [(f"b{at(o)}", float(b[o]))]
    blocks: list[Block] = [
        f"E is {root.label}, the table of an embedding; its rows are numbered by id, from 0: y{at(o)} belongs to id {o}",
        weighted(
            f"y{at(o)}", table[o], x, lambda i: (f"E[{o},{i + 1}]", f"x{at(i)}"), float(here.y[whole]), here.most, plus
        ),
    ]
    return Told(tuple(blocks), tuple(_tied_back(here, table, x, root)))


def _tied_back(here: Here, table: Array, x: Array, root: Parameter) -> list[Block]:
    dy, db, dx = here.dy, here.slope("b"), here.dx
    *where, o = here.place
    if dy is None:
        return []
    blocks: list[Block] = []
    own = dy[here.n][tuple(where)]
    if not root.frozen:
        blocks.append(_of_table(here, root, int(abs(x * own[o]).argmax())))
    if db is not None:
        blocks.append(batch_sum(here, f"db{at(o)}", None, dy[..., o], ("", f"dy{at(o)}"), float(db[o]), tuple(where)))
    if dx is not None:
        slopes = dx[here.n][tuple(where)]
        i = int(abs(x * slopes).argmax())
        blocks.append(weighted(f"dx{at(i)}", table[:, i], own, lambda k: (f"E[{k},{i + 1}]", f"dy{at(k)}"),
                               float(slopes[i]), here.most))  # fmt: skip
    return blocks


def _of_table(here: Here, root: Parameter, i: int) -> Equation:
    """A number of the table: what this layer says of it, and what the embedding does."""
    assert here.dy is not None
    *where, o = here.place
    products = here.x[..., i] * here.dy[..., o]
    where_to = (here.n, *where)
    rest = float(products.sum() - products[where_to])
    whole = float(here.moment.gradients[root.label][o, i])
    operands = [(f"x{at(i)}", float(here.x[(*where_to, i)])), (f"dy{at(o)}", float(here.dy[(*where_to, o)]))]
    operands += [
        ("(other places and inputs)", rest),
        (f"(from {root.label.rpartition('.')[0]})", _elsewhere(here, root, o, i)),
    ]
    return Equation(f"dE[{o},{i + 1}]", "{} * {} + {} + {}", tuple(operands), whole, float(abs(products).sum()))


def _elsewhere(here: Here, root: Parameter, number: int, i: int) -> float:
    """What the embedding says of a number of its table."""
    info = next(info for info in here.moment.inside.infos if any(p.label == root.label for p in info.parameters))
    dy, ids = here.gradient(info.output), here.numbers(info.input)
    if dy is None:
        return 0.0
    scaled = [row for row in here.moment.inside.program.rows if row.layer == info.path and "factor" in row.operands]
    factor = float(here.read(scaled[0], "factor")) if scaled else 1.0
    return float(dy[..., i][ids == number].sum()) * factor


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
