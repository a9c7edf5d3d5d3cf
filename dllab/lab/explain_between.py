"""Explanations of what stands between layers with weights: norms, dropout, tables of vectors, sums; and of all others."""

from __future__ import annotations

import numpy as np

from dllab.lab.explain_here import Here, Told, at
from dllab.lab.explanation import Block, Equation
from dllab.ops import batch_norm, dropout, embedding, join, layer_norm, positional


def embedded(here: Here) -> Told:
    """The row of the table that an id names."""
    row = here.row(embedding.forward, embedding.forward_scaled)
    if row is None or len(here.place) != 2:
        return other(here)
    t, f = here.place
    number, w = int(here.x[here.n, t]), here.weight("w")
    assert w is not None
    words = here.moment.data.dataset.vocabulary
    word = f" ({words[number]!r})" if number < len(words) else ""
    name = f"w[{number},{f + 1}]"
    operands: list[tuple[str, float]] = [(name, float(w[number, f]))]
    scaled = row.kernel is embedding.forward_scaled
    if scaled:
        operands.append(("sqrt(units)", float(here.read(row, "factor"))))
    blocks: list[Block] = [
        f"step {t + 1} is id {number}{word}: its row of the table w is taken as it is",
        Equation(f"y{at(t, f)}", "{} * {}" if scaled else "{}", tuple(operands), float(here.y[here.n, t, f])),
    ]
    return Told(tuple(blocks), tuple(_to_table(here, number, t, f, 1.0 if not scaled else operands[1][1])))


def _to_table(here: Here, number: int, t: int, f: int, factor: float) -> list[Block]:
    dw, dy = here.slope("w"), here.dy
    if dw is None or dy is None:
        return []
    same = here.x == number
    same[here.n, t] = False
    rest = dy[..., f][same]
    name, operands = f"dw[{number},{f + 1}]", [(f"dy{at(t, f)}", float(dy[here.n, t, f]) * factor)]
    if len(rest):
        operands.append((f"(the same id elsewhere, {len(rest):,} times)", float(rest.sum()) * factor))
    tied = abs(operands[0][1] + sum(v for _, v in operands[1:]) - dw[number, f]) > 1e-4 * (
        abs(dw[number, f]) + abs(rest).sum()
    )
    if tied:
        return ["the table serves another layer, too (tied); both gradients are added"]
    template = " + ".join(["{}"] * len(operands))
    return ["only rows whose ids are in the batch get a gradient",
            Equation(name, template, tuple(operands), float(dw[number, f]), float(abs(rest).sum()))]  # fmt: skip


def placed(here: Here) -> Told:
    """X and what is known of a position."""
    row = here.row(positional.forward)
    assert row is not None
    t, f = here.place
    operands = ((f"x{at(t, f)}", float(here.x[here.n, t, f])), (f"p{at(t, f)}", float(here.read(row, "p")[t, f])))
    y = Equation(f"y{at(t, f)}", "{} + {}", operands, float(here.y[here.n, t, f]))
    return Told((y,), ("dx = dy, and dp = the sum of dy over the inputs",) if here.dy is not None else ())


def normed(here: Here) -> Told:
    """Y = gain (x - mean) / sqrt(variance + eps) + bias, over the batch or over the features."""
    row = here.row(batch_norm.forward, layer_norm.forward)
    if row is None:
        return other(here)
    f, x = here.place[-1], here.x
    axes = x[..., f] if row.kernel is batch_norm.forward else x[here.n][tuple(here.place[:-1])]
    whom = f"the {axes.size:,} numbers of feature {f + 1} in the batch" if row.kernel is batch_norm.forward else (
        f"the {axes.size:,} features of this input")  # fmt: skip
    gain, bias = here.weight("gain"), here.weight("bias")
    whole = (here.n, *here.place)
    operands = (
        ("gain", 1.0 if gain is None else float(gain[f])), (f"x{at(*here.place)}", float(x[whole])),
        ("mean", float(axes.mean())), ("variance", float(axes.var())), ("eps", float(here.read(row, "eps"))),
        ("bias", 0.0 if bias is None else float(bias[f])),
    )  # fmt: skip
    y = Equation(f"y{at(*here.place)}", "{} * ({} - {}) / sqrt({} + {}) + {}", operands, float(here.y[whole]))
    back: list[Block] = []
    if here.dy is not None:
        back.append("mean and variance depend on x, too, so two means come in: with g = gain * dy and z = (x - mean) / "
                    "sqrt(variance + eps)")  # fmt: skip
        back += _to_input(here, row.kernel is batch_norm.forward, axes)
    return Told((f"mean and variance are those of {whom}", y), tuple(back))


def _to_input(here: Here, over_batch: bool, axes: np.ndarray) -> list[Block]:
    dy, dx, f, whole = here.dy, here.dx, here.place[-1], (here.n, *here.place)
    row = here.row(batch_norm.forward, layer_norm.forward)
    if dx is None or dy is None or row is None:
        return []
    gain = here.weight("gain")
    gains = np.ones(dy.shape[-1]) if gain is None else gain
    g = dy[..., f] * gains[f] if over_batch else dy[here.n][tuple(here.place[:-1])] * gains
    root = float(np.sqrt(axes.var() + float(here.read(row, "eps"))))
    z = (axes - axes.mean()) / root
    own = float(dy[whole] * gains[f])
    operands = (("g", own), ("mean of g", float(g.mean())), ("z", (float(here.x[whole]) - float(axes.mean())) / root),
                ("mean of g z", float((g * z).mean())), ("sqrt(variance + eps)", root))  # fmt: skip
    hidden = float(abs(g).mean() * (1 + abs(z).max())) / root
    equation = Equation(f"dx{at(*here.place)}", "({} - {} - {} * {}) / {}", operands, float(dx[whole]), hidden)
    return [equation]


def dropped(here: Here) -> Told:
    """X times 0, or times 1 / (1 - rate)."""
    row = here.row(dropout.forward, dropout.forward_channels)
    if row is None:
        return Told(("dropout is off",), ())
    mask = here.read(row, "mask")[here.n].reshape(-1)
    place = int(np.ravel_multi_index(here.place, here.y.shape[1:]))
    factor = float(mask[place if len(mask) > here.y.shape[-1] or row.kernel is dropout.forward else here.place[-1]])
    kept, name, whole = int((mask != 0).sum()), at(*here.place), (here.n, *here.place)
    says = (
        f"of {len(mask):,} numbers {kept:,} are kept and multiplied by {mask.max():.4g} = 1 / (1 - rate), the others are 0"
    )
    operands = (("m", factor), (f"x{name}", float(here.x[whole])))
    back: list[Block] = []
    if here.dy is not None and here.dx is not None:
        slope = (("m", factor), (f"dy{name}", float(here.dy[whole])))
        back.append(Equation(f"dx{name}", "{} * {}", slope, float(here.dx[whole])))
    return Told((says, Equation(f"y{name}", "{} * {}", operands, float(here.y[whole]))), tuple(back))


def block(here: Here) -> Told:
    """A block around layers of their own: the sum at its end, where it has one."""
    row = next(
        (row for row in reversed(here.rows) if row.kernel is join.add and row.operands["y"] is here.info.output), None
    )
    if row is None:
        return Told(("a block: the layers inside it follow",), ())
    name, whole = at(*here.place), (here.n, *here.place)
    operands = ((f"s{name}", float(here.read(row, "x")[whole])), (f"f{name}", float(here.read(row, "f")[whole])))
    y = Equation(f"y{name}", "{} + {}", operands, float(here.y[whole]))
    back = ("a sum hands dy to both of its terms as it is",) if here.dy is not None else ()
    return Told(
        ("a block, whose layers follow; at its end s, which goes past them, and f, which they make, are added", y), back
    )


def other(here: Here) -> Told:
    """What goes in, what comes out, and the gradient, in numbers; the formula stands elsewhere."""
    blocks: list[Block] = [_numbers("x", here.x[here.n]), _numbers("y", here.y[here.n])]
    blocks.append(f"its formula: dllab layers {here.info.kind}")
    return Told(tuple(blocks), (_numbers("dy", here.dy[here.n]),) if here.dy is not None else ())


def reshaped(here: Here) -> Told:
    """The same numbers in another shape."""
    back = ("and so are their gradients",) if here.dy is not None else ()
    return Told((f"the same {here.y[here.n].size:,} numbers in another shape",), back)


def _numbers(name: str, values: np.ndarray) -> str:
    flat = values.reshape(-1)
    some = ", ".join(f"{float(v):.4g}" for v in flat[:6])
    return f"{name} = {some}{', ...' if flat.size > 6 else ''}  ({flat.size:,} numbers, mean {float(flat.mean()):.4g})"
