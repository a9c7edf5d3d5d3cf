"""Kernels of attention: what share each step takes of every step of the memory, and the sums by these shares.

q (B, T, Q) asks and m (B, S, R) is the memory: of each, head h has the columns h d to (h + 1) d from column 0, `k_at` or
`v_at` on. p (B, heads, T, S) are the shares. Where causal, step t sees the memory's steps up to t alone; of a memory that
has ended, what lies behind its end is seen by none. Steps are taken in blocks: no product touches a step that none of the
block sees, so not even a NaN comes through.
"""

from __future__ import annotations

from typing import Any

from dllab.core.bits import like
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.tile import FROM_ZERO, products
from dllab.core.vecmath import INF, exp, tanh
from dllab.ops.window import ladder

BLOCK = 16
"""Steps that causal attention takes at a time."""


@device
def columns_of(turned: Any, x: Any, n: int, first: int) -> None:
    """Turned (d, S) = the columns `first` to first + d of x[n] (S, R), as rows."""
    for s in range(x.shape[1]):
        row = x[n, s]
        for j in range(turned.shape[0]):
            turned[j, s] = row[first + j]


@device
def shifted(row: Any, seen: int, scale: float) -> None:
    """Of a row of scores, scale (score - the highest of the first `seen`), so that none is above 0; -inf for the others."""
    a = b = c = d = row[0]
    for s in range(seen // 4):  # four at a time: each comparison waits for the last but three
        a = row[4 * s] if row[4 * s] > a else a
        b = row[4 * s + 1] if row[4 * s + 1] > b else b
        c = row[4 * s + 2] if row[4 * s + 2] > c else c
        d = row[4 * s + 3] if row[4 * s + 3] > d else d
    for s in range(seen // 4 * 4, seen):
        a = row[s] if row[s] > a else a
    a, c = b if b > a else a, d if d > c else c
    highest = c if c > a else a
    for s in range(row.shape[0]):
        score = (row[s] - highest) * scale
        row[s] = score if s < seen else like(scale, -INF)


@device
def to_powers(p: Any, powers: Any, n: int) -> None:
    """All scores of example n, as they stand in p and flat in `powers`, become shares: their powers over each row's sum."""
    flat = powers[n]
    for i in range(flat.shape[0]):  # one long loop: rows are short
        flat[i] = exp(flat[i])
    for h in range(p.shape[1]):
        for t in range(p.shape[2]):
            row = p[n, h, t]
            total = like(row[0], 0.0)
            for s in range(row.shape[0]):
                total += row[s]
            share = like(total, 1.0) / total
            for s in range(row.shape[0]):
                row[s] *= share


@device
def seen_by(t: int, memory: int, length: int, causal: int) -> int:
    """How many steps of a memory (of S steps, `length` of them there) step t sees: at least one."""
    last = min(t + 1, memory) if causal else memory
    return max(min(last, length), 1)


@device
def widest(end: int, memory: int, causal: int) -> int:
    """Steps of the memory that a block which ends at step `end` may see."""
    return min(end, memory) if causal else memory


@kernel(p="B N T S", powers="B M", q="B T Q", m="B S R", lengths="B:int32", turned="E S", of_step="T:int64",
        to_score="T:int64", k_at=":int64", causal=":int64", scale="")  # fmt: skip
def dot(p, powers, q, m, lengths, turned, of_step, to_score, k_at, causal, scale):
    """P = softmax(q k' scale) for each head."""
    heads, steps, memory, part = p.shape[1], p.shape[2], p.shape[3], turned.shape[0]
    ladder(of_step, q.shape[2])
    ladder(to_score, memory)
    block = BLOCK if causal else steps
    for n in range(p.shape[0]):
        for h in range(heads):
            columns_of(turned, m, n, k_at + h * part)
            for first in range(0, steps, block):
                end = min(first + block, steps)
                wide = widest(end, memory, causal)
                products(p, ((n * heads + h) * steps + first) * memory, to_score, q,
                         (n * steps + first) * q.shape[2] + h * part, of_step, end - first, 0, 0, 1,
                         turned, 0, 0, 0, memory, 1, 1, part, wide, turned, FROM_ZERO)  # fmt: skip
                for t in range(first, end):
                    shifted(p[n, h, t], seen_by(t, memory, lengths[n], causal), scale)
        to_powers(p, powers, n)


@kernel(p="B N T S", powers="B M", q="B T Q", m="B S R", u="N E", lengths="B:int32", turned="E S", k_at=":int64",
        causal=":int64", scale="")  # fmt: skip
def additive(p, powers, q, m, u, lengths, turned, k_at, causal, scale):
    """P = softmax(the sum over a head's columns of u tanh(q + k)) for each head."""
    steps, memory, part = p.shape[2], p.shape[3], turned.shape[0]
    for n in range(p.shape[0]):
        for h in range(p.shape[1]):
            columns_of(turned, m, n, k_at + h * part)
            for t in range(steps):
                row, asked = p[n, h, t], q[n, t]
                wide = widest(t + 1, memory, causal)
                for s in range(wide):
                    row[s] = 0
                for j in range(part):
                    keys, number, weight = turned[j], asked[h * part + j], u[h, j]
                    for s in range(wide):
                        row[s] += weight * tanh(number + keys[s])
                shifted(row, seen_by(t, memory, lengths[n], causal), scale)
        to_powers(p, powers, n)


@kernel(y="B T D", p="B N T S", m="B S R", lengths="B:int32", turned="E S", to_score="T:int64", to_step="T:int64",
        v_at=":int64", causal=":int64")  # fmt: skip
def sums(y, p, m, lengths, turned, to_score, to_step, v_at, causal):
    """Y = p v, the heads side by side."""
    heads, steps, memory, part, width = p.shape[1], p.shape[2], p.shape[3], turned.shape[0], y.shape[2]
    ladder(to_score, memory)
    ladder(to_step, width)
    block = BLOCK if causal else steps
    for n in range(y.shape[0]):
        for h in range(heads):
            for first in range(0, steps, block):
                end = min(first + block, steps)
                terms = seen_by(end - 1, memory, lengths[n], causal)
                products(y, (n * steps + first) * width + h * part, to_step, p,
                         ((n * heads + h) * steps + first) * memory, to_score, end - first, 0, 0, 1,
                         m, n * memory * m.shape[2] + v_at + h * part, 0, 0, m.shape[2], 1, 1, terms, part, y,
                         FROM_ZERO)  # fmt: skip


# Backward. ds (B, heads, T, S) is scratch: first the gradient of the shares, then that of the scores.


@kernel(ds="B N T S", dy="B T D", m="B S R", turned="E S", to_step="T:int64", to_score="T:int64", v_at=":int64",
        causal=":int64")  # fmt: skip
def to_shares(ds, dy, m, turned, to_step, to_score, v_at, causal):
    """Ds = dy v'."""
    heads, steps, memory, part, width = ds.shape[1], ds.shape[2], ds.shape[3], turned.shape[0], dy.shape[2]
    ladder(to_step, width)
    ladder(to_score, memory)
    block = BLOCK if causal else steps
    for n in range(dy.shape[0]):
        for h in range(heads):
            columns_of(turned, m, n, v_at + h * part)
            for first in range(0, steps, block):
                end = min(first + block, steps)
                products(ds, ((n * heads + h) * steps + first) * memory, to_score, dy,
                         (n * steps + first) * width + h * part, to_step, end - first, 0, 0, 1,
                         turned, 0, 0, 0, memory, 1, 1, part, widest(end, memory, causal), turned, FROM_ZERO)  # fmt: skip


@kernel(ds="B N T S", drops="B M")
def to_whole_shares(ds, drops):
    """Ds = drops ds, the factors by which dropout has changed the shares; what no step sees may be anything."""
    for n in range(ds.shape[0]):
        factors, i = drops[n], 0
        for h in range(ds.shape[1]):
            for t in range(ds.shape[2]):
                row = ds[n, h, t]
                of = factors[i : i + row.shape[0]]
                for s in range(row.shape[0]):
                    row[s] *= of[s]
                i += row.shape[0]


@kernel(ds="B N T S", share="B N T S", lengths="B:int32", causal=":int64", scale="")
def to_scores(ds, share, lengths, causal, scale):
    """Ds = scale p (ds - the sum of p ds), p being the shares before any was dropped; 0 where nothing is seen."""
    memory = share.shape[3]
    for n in range(share.shape[0]):
        for h in range(share.shape[1]):
            for t in range(share.shape[2]):
                seen, row, p = seen_by(t, memory, lengths[n], causal), ds[n, h, t], share[n, h, t]
                total = like(scale, 0.0)
                for s in range(memory):
                    part = p[s] * row[s]
                    total += part if s < seen else like(scale, 0.0)
                for s in range(memory):
                    slope = scale * p[s] * (row[s] - total)
                    row[s] = slope if s < seen else like(scale, 0.0)


@device
def to_queries(
    dq: Any, ds: Any, m: Any, lengths: Any, part: int, to_score: Any, of_step: Any, k_at: int, causal: int
) -> None:
    """Dq = ds k."""
    heads, steps, memory, width, wide = ds.shape[1], ds.shape[2], ds.shape[3], dq.shape[2], m.shape[2]
    ladder(to_score, memory)
    ladder(of_step, width)
    block = BLOCK if causal else steps
    for n in range(dq.shape[0]):
        for h in range(heads):
            for first in range(0, steps, block):
                end = min(first + block, steps)
                terms = seen_by(end - 1, memory, lengths[n], causal)
                products(dq, (n * steps + first) * width + h * part, of_step, ds,
                         ((n * heads + h) * steps + first) * memory, to_score, end - first, 0, 0, 1,
                         m, n * memory * wide + k_at + h * part, 0, 0, wide, 1, 1, terms, part, dq, FROM_ZERO)  # fmt: skip


@device
def to_memory(dm: Any, shares: Any, of: Any, part: int, of_memory: Any, to_row: Any, at: int, causal: int) -> None:
    """Columns from `at` on of dm = shares' of, for every head; where causal, a block takes nothing of earlier steps."""
    heads, steps, memory, width, wide = shares.shape[1], shares.shape[2], shares.shape[3], of.shape[2], dm.shape[2]
    ladder(of_memory, 1)
    ladder(to_row, wide)
    block = BLOCK if causal else memory
    for n in range(dm.shape[0]):
        for h in range(heads):
            for low in range(0, memory, block):
                first = min(low, steps) if causal else 0
                products(dm, (n * memory + low) * wide + at + h * part, to_row, shares,
                         ((n * heads + h) * steps + first) * memory + low, of_memory, min(block, memory - low),
                         0, 0, memory, of, (n * steps + first) * width + h * part, 0, 0, width,
                         1, 1, steps - first, part, dm, FROM_ZERO)  # fmt: skip


@kernel(dx="B T R", ds="B N T T", kept="B N T T", dy="B T D", x="B T R", lengths="B:int32", turned="E T",
        of_step="T:int64", to_score="T:int64", of_memory="T:int64", to_row="T:int64", k_at=":int64", v_at=":int64",
        causal=":int64")  # fmt: skip
def dot_back(dx, ds, kept, dy, x, lengths, turned, of_step, to_score, of_memory, to_row, k_at, v_at, causal):
    """Dq = ds k, dk = ds' q and dv = kept' dy, side by side as in x; kept are the shares that made y."""
    part = turned.shape[0]
    to_queries(dx, ds, x, lengths, part, to_score, of_step, k_at, causal)
    to_memory(dx, ds, x, part, of_memory, to_row, k_at, causal)
    to_memory(dx, kept, dy, part, of_memory, to_row, v_at, causal)


@kernel(dq="B T D", ds="B N T S", m="B S R", lengths="B:int32", turned="E S", of_step="T:int64", to_score="T:int64",
        k_at=":int64", causal=":int64")  # fmt: skip
def dot_back_q(dq, ds, m, lengths, turned, of_step, to_score, k_at, causal):
    """Dq = ds k."""
    to_queries(dq, ds, m, lengths, turned.shape[0], to_score, of_step, k_at, causal)


@kernel(dm="B S R", ds="B N T S", kept="B N T S", q="B T D", dy="B T D", turned="E S", of_memory="S:int64",
        to_row="S:int64", k_at=":int64", v_at=":int64", causal=":int64")  # fmt: skip
def dot_back_m(dm, ds, kept, q, dy, turned, of_memory, to_row, k_at, v_at, causal):
    """Dk = ds' q and dv = kept' dy, side by side as in m."""
    part = turned.shape[0]
    to_memory(dm, ds, q, part, of_memory, to_row, k_at, causal)
    to_memory(dm, kept, dy, part, of_memory, to_row, v_at, causal)


@kernel(dq="B T D", dm="B S R", du="N E", ds="B N T S", kept="B N T S", dy="B T D", q="B T D", m="B S R", u="N E",
        lengths="B:int32", turned="E S", slopes="E S", of_memory="S:int64", to_row="S:int64", k_at=":int64",
        v_at=":int64", causal=":int64")  # fmt: skip
def additive_back(dq, dm, du, ds, kept, dy, q, m, u, lengths, turned, slopes, of_memory, to_row, k_at, v_at, causal):
    """With g = ds (1 - tanh(q + k)^2): dq = u (sum of g over s), dk the same over t; du = sum of ds tanh; dv = kept' dy."""
    part, memory = turned.shape[0], ds.shape[3]
    for h in range(du.shape[0]):
        for j in range(part):
            du[h, j] = 0
    for n in range(dq.shape[0]):
        for h in range(du.shape[0]):
            columns_of(turned, m, n, k_at + h * part)
            for j in range(part):
                row = slopes[j]
                for s in range(memory):
                    row[s] = 0
            for t in range(dq.shape[1]):
                score, seen = ds[n, h, t], seen_by(t, memory, lengths[n], causal)
                for j in range(part):
                    keys, back, number = turned[j], slopes[j], q[n, t, h * part + j]
                    asked = like(number, 0.0)
                    weight = like(number, 0.0)
                    for s in range(seen):
                        bent = tanh(number + keys[s])
                        slope = score[s] * (like(number, 1.0) - bent * bent)
                        asked += slope
                        weight += score[s] * bent
                        back[s] += slope
                    dq[n, t, h * part + j] = u[h, j] * asked
                    du[h, j] += weight
            for s in range(memory):
                row = dm[n, s]
                for j in range(part):
                    row[k_at + h * part + j] = u[h, j] * slopes[j, s]
    to_memory(dm, kept, dy, part, of_memory, to_row, v_at, causal)
