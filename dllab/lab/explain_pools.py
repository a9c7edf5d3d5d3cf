"""Explanations of what picks and gathers without weights: pools, upsampling, the last step."""

from __future__ import annotations

import numpy as np

from dllab.lab.explain_here import Array, Here, Told, at
from dllab.lab.explanation import Block, Equation, largest_of, mean_of
from dllab.ops import avg_pool, global_avg_pool, global_max_pool, last_step, max_pool, upsample
from dllab.plan.row import Row


def pool(here: Here) -> Told:
    """The largest of a window, or its mean."""
    row = here.row(max_pool.forward, avg_pool.forward)
    assert row is not None
    is_largest = row.kernel is max_pool.forward
    p, q, c = here.place
    picture = here.read(row, "x")[here.n, ..., c]
    places = _window(here, row, picture, p, q)
    window = np.array([picture[place] for place in places])

    def named(i: int) -> str:
        return f"x{at(*places[i], c)}"

    make = largest_of if is_largest else mean_of
    y = make(f"y{at(*here.place)}", window, named, float(here.y[(here.n, *here.place)]), 16)
    if here.dy is None:
        return Told((y,), (), f"place {at(*here.place)}")
    best = places[int((window if is_largest else abs(window)).argmax())]
    back: list[Block] = ["the largest of a window gets its whole dy, the others 0" if is_largest else
                         "every number of a window gets the same share of its dy"]  # fmt: skip
    if here.dx is not None:
        back.append(_to_window(here, row, picture, best, is_largest))
    return Told((y,), tuple(back), f"place {at(*here.place)}")


def _window(here: Here, row: Row, picture: Array, p: int, q: int) -> list[tuple[int, int]]:
    """Places of the picture that a place of the output sees."""
    reach = []
    for axis, low, place, whole in (("y", "top", p, picture.shape[0]), ("x", "left", q, picture.shape[1])):
        start = place * int(here.read(row, f"stride_{axis}")) - int(here.read(row, low))
        reach.append(range(max(start, 0), min(start + int(here.read(row, f"size_{axis}")), whole)))
    return [(h, w) for h in reach[0] for w in reach[1]]


def _to_window(here: Here, row: Row, picture: Array, best: tuple[int, int], is_largest: bool) -> Equation:
    """Dx of a number of the window: what all windows say that see it."""
    assert here.dy is not None and here.dx is not None
    p, q, c = here.place
    slopes, shares = here.dy[here.n, ..., c], []
    for other in np.ndindex(slopes.shape):
        places = _window(here, row, picture, *other)
        if best in places:
            won = places[int(np.array([picture[place] for place in places]).argmax())] == best
            share = (float(won) if is_largest else 1 / len(places)) * float(slopes[other])
            shares.append((other == (p, q), share, len(places)))
    size = next(count for own, _, count in shares if own)
    operands = [(f"dy{at(*here.place)}", float(slopes[p, q]))]
    template = "{}" if is_largest else f"{{}} / {size}"
    others = [share for own, share, _ in shares if not own]
    if others:
        operands.append((f"({len(others)} other window{'s' * (len(others) > 1)})", sum(others)))
        template += " + {}"
    value = float(here.dx[here.n][(*best, c)])
    return Equation(f"dx{at(*best, c)}", template, tuple(operands), value, sum(map(abs, others)))


def global_pool(here: Here) -> Told:
    """The mean of a channel over all places, or its largest number."""
    row = here.row(global_avg_pool.forward, global_avg_pool.forward_steps, global_max_pool.forward,
                   global_max_pool.forward_steps)  # fmt: skip
    assert row is not None
    c, axes = here.place[-1], here.x.shape[1:-1]
    values = here.x[here.n][..., c].reshape(-1)
    if "lengths" in row.operands:
        values = values[: max(int(here.read(row, "lengths")[here.n]), 1)]
    best = int(np.argmax(values))
    mean = row.kernel in (global_avg_pool.forward, global_avg_pool.forward_steps)

    def named(i: int) -> str:
        return f"x{at(*(int(k) for k in np.unravel_index(i, axes)), c)}"

    y = (mean_of if mean else largest_of)(f"y{at(c)}", values, named, float(here.y[here.n, c]), here.most)
    back = list[Block]()
    if here.dy is not None and here.dx is not None:
        operands = ((f"dy{at(c)}", float(here.dy[here.n, c])),)
        value = float(here.dx[here.n][..., c].reshape(-1)[best])
        said = f"each of the {len(values):,} numbers gets the same share" if mean else "all others get 0"
        back = [Equation(f"d{named(best)}", f"{{}} / {len(values)}" if mean else "{}", operands, value), said]
    return Told((y,), tuple(back))


def upsampled(here: Here) -> Told:
    """Every number of x stands in a block of y."""
    row = here.row(upsample.forward)
    assert row is not None
    factors = [int(here.read(row, name)) for name in ("down", "across")][: len(here.place) - 1]
    *where, c = here.place
    source = (*(place // factor for place, factor in zip(where, factors)), c)
    operands = ((f"x{at(*source)}", float(here.x[(here.n, *source)])),)
    size = " x ".join(map(str, factors))
    y = Equation(f"y{at(*here.place)}", "{}", operands, float(here.y[(here.n, *here.place)]))
    blocks: list[Block] = [f"every number of x fills a block of {size} places of y", y]
    if here.dy is None or here.dx is None:
        return Told(tuple(blocks), ())
    corner = [place * factor for place, factor in zip(source, factors)]
    block = [tuple(int(a + b) for a, b in zip(corner, step)) for step in np.ndindex(*factors)]
    terms = tuple((f"dy{at(*place, c)}", float(here.dy[(here.n, *place, c)])) for place in block)
    if len(terms) > 9:
        own = [float(here.dy[(here.n, *place, c)]) for place in block]
        rest = sum(own) - sum(own[:2])
        terms = (*terms[:2], (f"({len(own) - 2} more)", rest))
    template = " + ".join(["{}"] * len(terms))
    back = Equation(f"dx{at(*source)}", template, terms, float(here.dx[(here.n, *source)]),
                    float(sum(abs(number) for _, number in terms)))  # fmt: skip
    return Told(tuple(blocks), (back,))


def last(here: Here) -> Told:
    """What stands at the end of the sequence."""
    row = here.row(last_step.forward)
    assert row is not None
    t, f = max(int(here.read(row, "lengths")[here.n]) - 1, 0), here.place[-1]
    y = Equation(f"y{at(f)}", "{}", ((f"x{at(t, f)}", float(here.x[here.n, t, f])),), float(here.y[here.n, f]))
    back: list[Block] = []
    if here.dy is not None and here.dx is not None:
        operands = ((f"dy{at(f)}", float(here.dy[here.n, f])),)
        back = [Equation(f"dx{at(t, f)}", "{}", operands, float(here.dx[here.n, t, f])), "all other steps get 0"]
    return Told((f"step {t + 1} is the last of this example", y), tuple(back))
