"""Explanations of attention: one query of one head, its scores, its shares, and what it takes of the values."""

from __future__ import annotations

import math

import numpy as np

from dllab.lab.explain_here import Array, Here, Told, at
from dllab.lab.explanation import Block, Equation, table, weighted
from dllab.ops import dense, shares

SHOWN = 16
DROPPED = "dropout has taken some shares away and made the others larger"
"""Steps of the memory whose scores and shares are listed."""


def attention(here: Here) -> Told:
    """Scores q k / sqrt(d), shares softmax(scores), values weighted by shares, and the product with wo."""
    row, sums = here.row(shares.dot, shares.additive), here.row(shares.sums)
    if row is None or sums is None:
        return Told((), ())
    p, q, m = here.read(row, "p"), here.read(row, "q"), here.read(row, "m")
    t, n = here.place[0], here.n
    heads = here.read(sums, "y")[n, t]  # (units,)
    wo, bo = here.weight("wo"), here.weight("bo")
    assert wo is not None
    width = p.shape[1]
    part = len(heads) // width
    head = int(abs((heads[:, None] * wo).sum(1)).reshape(width, part).sum(1).argmax())
    lengths, causal = here.read(row, "lengths").astype(int)[n], bool(here.read(row, "causal"))
    seen = max(int(min(min(t + 1, p.shape[3]) if causal else p.shape[3], lengths)), 1)
    k_at = int(here.read(row, "k_at")) + head * part
    of_q, keys = q[n, t, head * part : (head + 1) * part], m[n, :seen, k_at : k_at + part]
    share = p[n, head, t]
    blocks: list[Block] = _projected(here, row.operands["q"], t, head * part, "q")
    if row.kernel is shares.dot:
        blocks += _scores(here, of_q, keys, share, t, seen)
    blocks += _taken(here, sums, share, head, part, t)
    out = here.place[-1]
    plus = [] if bo is None else [(f"bo{at(out)}", float(bo[out]))]
    blocks.append(weighted(f"y{at(t, out)}", wo[:, out], heads, lambda i: (f"wo{at(i, out)}", f"o{at(i)}"),
                           float(here.y[n, t, out]), here.most, plus))  # fmt: skip
    where = f"head {head + 1} of {width}, query step {t + 1}, which sees {seen} step{'s' if seen > 1 else ''}"
    return Told(tuple(blocks), tuple(_backward(here, share, head, part, t, seen)), where)


def _projected(here: Here, q: object, t: int, column: int, letter: str) -> list[Block]:
    """The first number of the query of this head, as a product of x and wq."""
    row = next((row for row in here.rows if row.operands.get("y") is q and row.kernel in
                (dense.forward, dense.forward_unbiased)), None)  # fmt: skip
    if row is None:
        return []
    x, w, y = here.read(row, "x")[here.n, t], here.read(row, "w")[:, column], here.read(row, "y")[here.n, t, column]
    b = [(f"bq{at(column)}", float(here.read(row, "b")[column]))] if "b" in row.operands else []
    name = f"{letter}{at(t, column)}"
    return [weighted(name, w, x, lambda i: (f"wq{at(i, column)}", f"x{at(t, i)}"), float(y), here.most, b)]


def _scores(here: Here, q: Array, keys: Array, share: Array, t: int, seen: int) -> list[Block]:
    """Scores of all steps that are seen, and how the largest share comes about."""
    scale = 1 / math.sqrt(len(q))
    scores = keys @ q * scale
    best = int(share[:seen].argmax())
    shown = np.sort(np.argsort(-share[:seen], kind="stable")[:SHOWN])
    score = weighted(f"q{at(t)} . k{at(best)}", q, keys[best], lambda i: (f"q{at(t, i)}", f"k{at(best, i)}"),
                     float(q @ keys[best]), here.most)  # fmt: skip
    blocks: list[Block] = [
        score,
        Equation(f"score{at(best)}", "{} / sqrt({})", ((f"q{at(t)} . k{at(best)}", score.value), ("d", float(len(q)))),
                 float(scores[best])),
        table("score = q . k / sqrt(d), share p = exp(score) / sum", ["score", "p"], [at(int(s)) for s in shown],
              np.array([scores[shown], share[shown]])),
    ]  # fmt: skip
    highest = float(scores.max())
    whole = highest + math.log(float(np.exp(scores - highest).sum()))
    operands = ((f"score{at(best)}", float(scores[best])), ("log(sum of exp(score))", whole))
    size = float(abs(q) @ abs(keys[best])) * scale
    return [*blocks, Equation(f"p{at(best)}", "exp({} - {})", operands, float(share[best]), size)]


def _taken(here: Here, row: object, share: Array, head: int, part: int, t: int) -> list[Block]:
    """What the shares take of the values: the number of the head's output that is largest."""
    sums = here.row(shares.sums)
    assert sums is not None
    kept, heads = here.read(sums, "p")[here.n, head, t], here.read(sums, "y")[here.n, t]
    column = head * part + int(abs(heads[head * part : (head + 1) * part]).argmax())
    values = here.read(sums, "m")[here.n, :, int(here.read(sums, "v_at")) + column]
    values = np.where(kept == 0, 0.0, values)
    note: list[Block] = [] if np.array_equal(kept, share) else [DROPPED]
    seen = np.flatnonzero(kept)

    def named(i: int) -> tuple[str, str]:
        return f"p{at(int(seen[i]))}", f"v{at(int(seen[i]), column)}"

    return [*note, weighted(f"o{at(column)}", kept[seen], values[seen], named, float(heads[column]), here.most)]


def _backward(here: Here, share: Array, head: int, part: int, t: int, seen: int) -> list[Block]:
    """Of the share, of the score: dp = dy v, ds = p (dp - sum of p dp) / sqrt(d)."""
    sums = here.row(shares.sums)
    back = here.backward_row(shares.to_scores)
    assert sums is not None
    do = here.gradient(sums.operands["y"])
    if do is None or back is None or here.dy is None:
        return []
    n, start = here.n, int(here.read(sums, "v_at")) + head * part
    own = do[n, t, head * part : (head + 1) * part]
    dp = here.read(sums, "m")[n, :seen, start : start + part] @ own
    drops = here.backward_row(shares.to_whole_shares)
    if drops is not None:
        dp = dp * here.read(drops, "drops")[n].reshape(here.read(sums, "p").shape[1:])[head, t, :seen]
    p, scale = share[:seen], float(here.read(back, "scale"))
    best = int(p.argmax())
    values = here.read(sums, "m")[n, best, start : start + part]
    wo, column = here.weight("wo"), head * part
    assert wo is not None
    blocks: list[Block] = [
        weighted(f"do{at(column)}", wo[column], here.dy[n, t], lambda i: (f"wo{at(column, i)}", f"dy{at(t, i)}"),
                 float(own[0]), here.most),
    ]  # fmt: skip
    if drops is None:
        blocks.append(weighted(f"dp{at(best)}", own, values, lambda i: (f"do{at(column + i)}", f"v{at(best, column + i)}"),
                               float(dp[best]), here.most))  # fmt: skip
    operands = ((f"p{at(best)}", float(p[best])), (f"dp{at(best)}", float(dp[best])), ("(sum of p * dp)", float(p @ dp)),
                ("scale", scale))  # fmt: skip
    value = float(here.read(back, "ds")[n, head, t, best])
    hidden = float(abs(dp).max() * scale) + float(abs(own) @ abs(values)) * scale
    if seen > 1:
        blocks.append(Equation(f"dscore{at(best)}", "{} * ({} - {}) * {}", operands, value, hidden))
    else:
        blocks.append("one step alone is seen: its share is 1 whatever its score, so the score has no gradient")
    return blocks
