"""Explanations of what stands between layers: tables of vectors, positions, dropout, noise, shapes; and of the rest."""

from __future__ import annotations

import numpy as np

from dllab.lab.explain_dense import batch_sum
from dllab.lab.explain_here import Here, Place, Told, at
from dllab.lab.explanation import Block, Equation
from dllab.ops import dropout, embedding, gaussian_noise, positional


def embedded(here: Here) -> Told:
    """The row of the table that an id names."""
    row = here.row(embedding.forward, embedding.forward_scaled)
    assert row is not None
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
    back, dp = list[Block](_straight(here)), here.slope("p")
    if dp is not None and here.dy is not None:
        names = ("", f"dy{at(t, f)}")
        back.append(batch_sum(here, f"dp{at(t, f)}", None, here.dy[:, t, f], names, float(dp[t, f])))
    return Told((y,), tuple(back))


def dropped(here: Here) -> Told:
    """X times 0, or times 1 / (1 - rate)."""
    row = here.row(dropout.forward, dropout.forward_channels)
    if row is None:
        return reshaped(here)
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


def other(here: Here) -> Told:
    """What goes in, what comes out, and the gradient, in numbers; the formula stands elsewhere."""
    blocks: list[Block] = [_numbers("x", here.x[here.n]), _numbers("y", here.y[here.n])]
    blocks.append(f"its formula: dllab layers {here.info.kind}")
    return Told(tuple(blocks), (_numbers("dy", here.dy[here.n]),) if here.dy is not None else ())


def reshaped(here: Here) -> Told:
    """The same numbers in another shape."""
    place, name = _before(here), at(*here.place)
    same = here.info.input_shape == here.info.output_shape
    says = "y is x" if same else f"the same {here.y[here.n].size:,} numbers in another shape"
    x, value = float(here.x[(here.n, *place)]), float(here.y[(here.n, *here.place)])
    if x != value:
        return Told((says, f"y{name} lies behind the end of the sequence, where zeros are put"), ())
    y = Equation(f"y{name}", "{}", ((f"x{at(*place)}", x),), value)
    if here.dy is None or here.dx is None:
        return Told((says, y), ())
    operands = ((f"dy{name}", float(here.dy[(here.n, *here.place)])),)
    return Told((says, y), (Equation(f"dx{at(*place)}", "{}", operands, float(here.dx[(here.n, *place)])),))


def _before(here: Here) -> Place:
    """Where the number stands in x."""
    place = np.ravel_multi_index(here.place, here.y.shape[1:])
    return tuple(int(i) for i in np.unravel_index(int(place), here.x.shape[1:]))


def noisy(here: Here) -> Told:
    """X and a random number."""
    row, name, whole = here.row(gaussian_noise.forward), at(*here.place), (here.n, *here.place)
    if row is None:
        return reshaped(here)
    sigma, x, y = float(here.read(row, "sigma")), float(here.x[whole]), float(here.y[whole])
    operands = ((f"x{name}", x), ("sigma", sigma), (f"z{name}", (y - x) / sigma))
    blocks = (f"z{name} is a normal number, drawn anew in every step", Equation(f"y{name}", "{} + {} * {}", operands, y))
    return Told(blocks, _straight(here))


def _straight(here: Here) -> tuple[Block, ...]:
    """Dx = dy."""
    if here.dy is None or here.dx is None:
        return ()
    name, whole = at(*here.place), (here.n, *here.place)
    return (Equation(f"dx{name}", "{}", ((f"dy{name}", float(here.dy[whole])),), float(here.dx[whole])),)


def one_hot(here: Here) -> Told:
    """A 1 at the place that the id names."""
    *where, v = here.place
    number = float(here.x[(here.n, *where)])
    name = f"x{at(*where)}" if where else "x"
    operands = ((name, number), ("id of the place", float(v)))
    says = "same(a, b) is 1 where both are equal, else 0; ids count from 0, so id 0 has the first place"
    y = Equation(f"y{at(*here.place)}", "same({}, {})", operands, float(here.y[(here.n, *here.place)]))
    return Told((says, y), ("an id has no gradient",) if here.dy is not None else ())


def point(here: Here) -> Told:
    """The parameters, whatever comes in."""
    (f,), p, dp = here.place, here.weight("p"), here.slope("p")
    assert p is not None
    y = Equation(f"y{at(f)}", "{}", ((f"p{at(f)}", float(p[f])),), float(here.y[here.n, f]))
    back: list[Block] = []
    if here.dy is not None and dp is not None:
        back.append(batch_sum(here, f"dp{at(f)}", None, here.dy[..., f], ("", f"dy{at(f)}"), float(dp[f])))
    return Told(("y is p, whatever the input is", y), tuple(back))


def _numbers(name: str, values: np.ndarray) -> str:
    flat = values.reshape(-1)
    some = ", ".join(f"{float(v):.4g}" for v in flat[:6])
    return f"{name} = {some}{', ...' if flat.size > 6 else ''}  ({flat.size:,} numbers, mean {float(flat.mean()):.4g})"
