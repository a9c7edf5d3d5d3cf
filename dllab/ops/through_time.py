"""What recurrent layers share: products with all steps of the input at once, the step from state to state, the way back.

Gates lie side by side: z (B, T, G), G = H for a plain net, 4 H for an LSTM, 3 H for a GRU. Example n has ends[n] steps:
states of those behind are 0 and not computed, and no gradient reaches what came in there. Products of weights go on to the
longest end: dz is 0 behind each, so that a step there adds 0 times its x, which is to be a number.

Tables of places, filled by the kernels: `steps` (2, T) for the steps of one example, as rows of z and of x; `rows` (5, B)
for the examples that have step t: which they are, and where each begins in h, in z, in an array of states (B, H), in x.
"""

from __future__ import annotations

from typing import Any

from dllab.core.bits import like, polynomial, quick_ratio
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.tile import FROM_START, FROM_Y, FROM_ZERO, products
from dllab.core.vecmath import clamp
from dllab.core.vecmath import sigmoid as exact_sigmoid
from dllab.core.vecmath import tanh as exact_tanh
from dllab.ops.window import ladder

AT_ONCE = 12
"""Rows that a tile of products takes at most, where there are 32 registers: cut like this, no row is computed twice."""

ROOM = 16
"""Numbers behind each row of weights in the copies that products read: rows that are a power of 2 apart would push each
other out of the cache."""

CACHED = 65536
"""Numbers that a core's cache holds beside what else a product needs."""

# tanh(x) / x as a ratio of polynomials in x**2 for |x| <= TANH_HIGHEST, found by weighted least squares at Chebyshev nodes
# until the errors were level: relative error 6.4e-9, 2.9e-7 with the rounding of float32.
TANH_HIGHEST = 8.0
TANH_ABOVE = (1.0, 0.13444516, 0.003571619, 2.1895008e-05, 1.5230908e-08)
TANH_BELOW = (1.0, 0.46777843, 0.026164522, 0.00034113263, 8.5226446e-07)


@device
def tanh(x: float) -> float:
    """Hyperbolic tangent; in float32 with half the instructions of vecmath.tanh, and off by up to 5 ulp."""
    return quick_tanh(x, like(x, 1.0)) if like(x, (1.0, 0.0)) > 0 else exact_tanh(x)


@device
def sigmoid(x: float) -> float:
    """1 / (1 + e**-x) = (1 + tanh(x / 2)) / 2; in float32 to within 1.2e-7, so that it is 0 below -17."""
    half = like(x, 0.5)
    return half + quick_tanh(half * x, half) if like(x, (1.0, 0.0)) > 0 else exact_sigmoid(x)


@device
def quick_tanh(x: float, factor: float) -> float:
    """Factor tanh(x). A factor behind the ratio would make the compiler divide exactly."""
    a = clamp(x, like(x, -TANH_HIGHEST), like(x, TANH_HIGHEST))
    z = a * a
    above, below = polynomial(z, (TANH_ABOVE, TANH_ABOVE)), polynomial(z, (TANH_BELOW, TANH_BELOW))
    return quick_ratio(factor * a * above, below)


@device
def longest(ends: Any) -> int:
    """The most steps of an example in hand."""
    most = 0
    for n in range(ends.shape[0]):
        most = max(most, ends[n])
    return most


@device
def at_step(rows: Any, ends: Any, t: int, h_row: int, z_row: int, units: int) -> int:
    """List the examples that have step t; returns how many there are. An example takes h_row numbers in h, z_row in z."""
    which, in_h, in_z, in_state = rows[0], rows[1], rows[2], rows[3]
    count = 0
    for n in range(ends.shape[0]):
        if t < ends[n]:
            which[count], in_h[count], in_z[count], in_state[count] = n, n * h_row, n * z_row, n * units
            count += 1
    return count


@device
def inputs_to_gates(z: Any, t: int, x: Any, wx: Any, b: Any, rows: Any, count: int) -> None:
    """Z[:, t] = b + x[:, t] wx for the examples listed: step by step, so that z is still near when h wh is added."""
    which, in_x, size = rows[0], rows[4], x.shape[1] * x.shape[2]
    for m in range(count):
        in_x[m] = which[m] * size
    state_to_gates(z, t * z.shape[2], rows[2], x, t * x.shape[2], in_x, count, wx, 0, wx.shape[1], b, FROM_START)


@device
def state_to_gates(
    z: Any, z_at: int, to: Any, h: Any, h_at: int, of: Any, count: int, wh: Any, at: int, wide: int, start: Any, begin: int
) -> None:
    """Z += h wh (FROM_Y), or = start + h wh (FROM_START), for `wide` columns of wh from `at` on, in the rows listed."""
    for first in range(0, count, AT_ONCE):
        products(z, z_at, to[first:], h, h_at, of[first:], min(AT_ONCE, count - first), 0, 0, 1,
                 wh, at, 0, 0, wh.shape[1], 1, 1, wh.shape[0], wide, start, begin)  # fmt: skip


@device
def space(spaced: Any, w: Any) -> None:
    """Spaced = w, with room behind each row."""
    for i in range(w.shape[0]):
        to, of = spaced[i], w[i]
        for j in range(of.shape[0]):
            to[j] = of[j]


@device
def turn(turned: Any, w: Any) -> None:
    """Turned = w', maybe with room behind each row."""
    for j in range(turned.shape[0]):
        row = turned[j]
        for i in range(w.shape[0]):
            row[i] = w[i, j]


@device
def gates_to_state(
    dh: Any, to: Any, dz: Any, dz_at: int, of: Any, count: int, turned: Any, at: int, wide: int, begin: int
) -> None:
    """Dh = dz wh' (FROM_ZERO), or += (FROM_Y), over `wide` gates, row `at` of wh' being the first."""
    row = turned.shape[1]
    for first in range(0, count, AT_ONCE):
        products(dh, 0, to[first:], dz, dz_at, of[first:], min(AT_ONCE, count - first), 0, 0, 1,
                 turned, at * row, 0, 0, row, 1, 1, wide, dh.shape[1], dh, begin)  # fmt: skip


@device
def last_states(last: Any, y: Any, start: Any, ends: Any) -> None:
    """Last = the state of y (B, T, H) at each example's end."""
    for n in range(last.shape[0]):
        row = last[n]
        of = y[n, ends[n] - 1] if ends[n] > 0 else start[n]
        for j in range(row.shape[0]):
            row[j] = of[j]


@device
def nothing_behind(y: Any, ends: Any, until: int) -> None:
    """Y = 0 behind the end of each example, up to step `until`."""
    for n in range(y.shape[0]):
        for t in range(ends[n], until):
            row = y[n, t]
            for j in range(row.shape[0]):
                row[j] = 0


@device
def nothing(state: Any) -> None:
    """State = 0."""
    for n in range(state.shape[0]):
        row = state[n]
        for j in range(row.shape[0]):
            row[j] = 0


@device
def in_cache(numbers: int) -> int:
    """How many examples of so many numbers stay in a core's cache, while a product goes over them again and again."""
    return max(CACHED // numbers, 1)


@device
def state_weights(dwh: Any, at: int, wide: int, h: Any, start: Any, begins: int, dz: Any, ends: Any, units: Any) -> None:
    """Columns `at` to at + wide of dwh = the sum over examples and steps of h[t - 1]' dz[t], h before t = 0 being `start`.

    dz (B, T, G) has `wide` such columns at its front.
    """
    steps, size, gates = h.shape[1], h.shape[2], dz.shape[2]
    of_unit, to_unit = units[0], units[1]
    ladder(of_unit, 1)
    ladder(to_unit, dwh.shape[1])
    count, full = max(longest(ends) - 1, 0), size // AT_ONCE * AT_ONCE
    some = in_cache(steps * gates)
    for n in range(0, max(h.shape[0], 1), some):  # once, to clear dwh, also where a shard has no rows
        for first, last in ((0, full), (full, size)):
            products(dwh, at, to_unit[first:], h, n * steps * size, of_unit[first:], last - first, steps * size, size, 0,
                     dz, (n * steps + 1) * gates, steps * gates, gates, 0, min(some, h.shape[0] - n), count, 1, wide, dwh,
                     FROM_Y if n > 0 else FROM_ZERO)  # fmt: skip
    if begins:
        products(dwh, at, to_unit, start, 0, of_unit, size, size, 0, 0, dz, 0, steps * gates, 0, 0,
                 h.shape[0], 1, 1, wide, dwh, FROM_Y)  # fmt: skip


@kernel(dwh="H G", h="B T H", start="B H", dz="B T G", ends="B:int32", units="2 H:int64", begins=":int64")
def backward_wh(dwh, h, start, dz, ends, units, begins):
    """Dwh: see state_weights."""
    state_weights(dwh, 0, dwh.shape[1], h, start, begins, dz, ends, units)


@kernel(dwx="F G", x="B T F", dz="B T G", ends="B:int32", features="2 F:int64")
def backward_wx(dwx, x, dz, ends, features):
    """Dwx = the sum over examples and steps of x' dz."""
    steps, size, wide = x.shape[1], x.shape[2], dz.shape[2]
    of_feature, to_feature = features[0], features[1]
    ladder(of_feature, 1)
    ladder(to_feature, wide)
    some = in_cache(steps * wide)
    for n in range(0, max(x.shape[0], 1), some):  # once, to clear dwx, also where a shard has no rows
        products(dwx, 0, to_feature, x, n * steps * size, of_feature, size, steps * size, size, 0, dz, n * steps * wide,
                 steps * wide, wide, 0, min(some, x.shape[0] - n), longest(ends), 1, wide, dwx,
                 FROM_Y if n > 0 else FROM_ZERO)  # fmt: skip


@device
def total(db: Any, dz: Any, at: int, ends: Any) -> None:
    """Db = the sum of dz, from column `at` on, over examples and steps."""
    for g in range(db.shape[0]):
        db[g] = 0
    for n in range(dz.shape[0]):
        for t in range(ends[n]):
            row = dz[n, t, at:]
            for g in range(db.shape[0]):
                db[g] += row[g]


@kernel(db="G", dz="B T G", ends="B:int32")
def backward_b(db, dz, ends):
    """Db = the sum of dz over examples and steps."""
    total(db, dz, 0, ends)


@kernel(dx="B T F", dz="B T G", wx="F G", turned_x="G F", ends="B:int32", steps="2 T:int64")
def backward_x(dx, dz, wx, turned_x, ends, steps):
    """Dx = dz wx'."""
    turn(turned_x, wx)
    of_step, to_step = steps[0], steps[1]
    ladder(of_step, dz.shape[2])
    ladder(to_step, dx.shape[2])
    for n in range(dx.shape[0]):
        products(dx, n * dx.shape[1] * dx.shape[2], to_step, dz, n * dz.shape[1] * dz.shape[2], of_step, ends[n], 0, 0,
                 1, turned_x, 0, 0, 0, dx.shape[2], 1, 1, dz.shape[2], dx.shape[2], dx, FROM_ZERO)  # fmt: skip
    nothing_behind(dx, ends, dx.shape[1])


@device
def copy_rows(y, x):
    """Y = x, row by row."""
    for n in range(y.shape[0]):
        to, of = y[n], x[n]
        for j in range(to.shape[0]):
            to[j] = of[j]


@kernel(dstart="B H", dy_h="B H")
def backward_start(dstart, dy_h):
    """Dstart = what is left in dy_h, in which the gradient of the state has gone back to before the first step."""
    copy_rows(dstart, dy_h)


@kernel(dstart_c="B H", dy_c="B H")
def backward_start_c(dstart_c, dy_c):
    """The same for the memory of an LSTM."""
    copy_rows(dstart_c, dy_c)
