"""Explanations of the way back through attention: to the shares, through the softmax to the scores, to q, k and v."""

from __future__ import annotations

import math

import numpy as np

from dllab.lab.explain_dense import batch_sum
from dllab.lab.explain_head import Head
from dllab.lab.explain_here import Array, Here, at
from dllab.lab.explanation import Block, Equation, weighted
from dllab.ops import dense, shares


def backward(here: Here, head: Head) -> list[Block]:
    """Do = wo dy, dp = do v, ds = p (dp - sum of p dp) / sqrt(d), dq = ds k, dk = ds q, dv = p do."""
    do, back = here.gradient(head.sums.operands["y"]), here.backward_row(shares.to_scores)
    if do is None or back is None or here.dy is None:
        return []
    own = do[here.n][:, head.first : head.first + head.part]  # (T, E)
    blocks: list[Block] = [*_to_heads(here, head, do), *_to_shares(here, head, own)]
    if head.seen == 1:
        blocks.append("one step alone is seen: its share is 1 whatever its score, so the score has no gradient")
    ds = here.read(back, "ds")[here.n, head.head]  # (T, S)
    if head.seen > 1:
        blocks.append(_to_score(here, head, own, float(ds[head.t, head.best])))
        blocks += _to_query_and_key(here, head, ds)
    blocks.append(_to_value(here, head, own))
    return [*blocks, *_to_weights(here, head)]


def _to_heads(here: Here, head: Head, do: Array) -> list[Block]:
    """The head's output, and the matrix behind it."""
    wo, t, c, out = here.weight("wo"), head.t, head.cv, here.place[-1]
    assert wo is not None and here.dy is not None
    blocks: list[Block] = [
        weighted(f"do{at(t, c)}", wo[c], here.dy[here.n, t], lambda i: (f"wo{at(c, i)}", f"dy{at(t, i)}"),
                 float(do[here.n, t, c]), here.most),
    ]  # fmt: skip
    dwo = here.slope("wo")
    if dwo is not None:
        taken = here.read(head.sums, "y")[..., c]
        blocks.append(batch_sum(here, f"dwo{at(c, out)}", taken, here.dy[..., out], (f"o{at(t, c)}", f"dy{at(t, out)}"),
                                float(dwo[c, out]), (t,)))  # fmt: skip
    return blocks


def _slopes_of_shares(here: Here, head: Head, own: Array) -> Array:
    """Dp of all steps that are seen, with what dropout made of them."""
    found: Array = head.values @ own[head.t]
    drops = here.backward_row(shares.to_whole_shares)
    if drops is not None:
        factors = here.read(drops, "drops")[here.n].reshape(head.count, *head.kept.shape)
        found = found * factors[head.head, head.t, : head.seen]
    return found


def _to_shares(here: Here, head: Head, own: Array) -> list[Block]:
    t, best, first = head.t, head.best, head.first
    dp = float(_slopes_of_shares(here, head, own)[best])
    whole = weighted(f"dp{at(t, best)}", own[head.t], head.values[best],
                     lambda i: (f"do{at(t, first + i)}", f"v{at(best, first + i)}"), dp, here.most)  # fmt: skip
    if here.backward_row(shares.to_whole_shares) is None:
        return [whole]
    kept = float(head.kept[head.t, best] / head.share[best])
    operands = (("(do . v)", whole.computed), ("(factor of dropout)", kept))
    return [Equation(f"dp{at(t, best)}", "{} * {}", operands, dp, abs(whole.computed))]


def _to_score(here: Here, head: Head, own: Array, value: float) -> Equation:
    """Back through the softmax: a share grows at the cost of the others."""
    t, best = head.t, head.best
    dp, p = _slopes_of_shares(here, head, own), head.share[: head.seen]
    operands = [
        (f"p{at(t, best)}", float(p[best])),
        (f"dp{at(t, best)}", float(dp[best])),
        ("(sum of p * dp)", float(p @ dp)),
    ]
    template, scale = "{} * ({} - {})", 1.0
    if head.is_dot:
        operands.append(("d", float(head.part)))
        template, scale = template + " / sqrt({})", 1 / math.sqrt(head.part)
    hidden = scale * float(abs(dp).max() + abs(own[head.t]) @ abs(head.values[best]))
    return Equation(f"ds{at(t, best)}", template, tuple(operands), value, hidden)


def _to_query_and_key(here: Here, head: Head, ds: Array) -> list[Block]:
    """Ds, with s = q . k, by the keys for q, by the queries for k."""
    t, best, c, i = head.t, head.best, head.c, head.c - head.first
    dq, dk = here.gradient(head.row.operands["q"]), here.gradient(head.row.operands["m"])
    if dq is None or dk is None:
        return []
    asking = _asking(head)
    keys, queries = head.keys[:, i], head.queries[asking, i]
    to_q, to_k = ds[t, : head.seen], ds[asking, best]
    said: list[Block] = [f"s = q . k; its gradient ds goes to q by the keys, and to k{at(best)} by the queries that see it"]
    letters = "k", "q"
    if not head.is_dot:
        slopes = head.u[i] * (1 - np.tanh(head.queries[asking, i][:, None] + head.keys[:, i][None]) ** 2)
        own = list(asking).index(t)
        keys, queries = slopes[own], slopes[:, best]
        letters = "slope", "slope"
        said = [f"slope = u{at(head.head, i)} * (1 - tanh(q + k)^2), for each pair of a query and a key"]
    return [
        *said,
        weighted(f"dq{at(t, c)}", to_q, keys, lambda s: (f"ds{at(t, s)}", f"{letters[0]}{at(s, c)}"),
                 float(dq[here.n, t, c]), here.most),
        weighted(f"dk{at(best, c)}", to_k, queries,
                 lambda k: (f"ds{at(int(asking[k]), best)}", f"{letters[1]}{at(int(asking[k]), c)}"),
                 float(dk[here.n, best, head.k_at + c]), here.most),
    ]  # fmt: skip


def _asking(head: Head) -> Array:
    """The queries that see the chosen key."""
    steps = np.arange(len(head.queries))
    found: Array = steps[steps >= head.best] if head.causal else steps
    return found


def _to_value(here: Here, head: Head, own: Array) -> Block:
    """Dv: every query hands its do by the share that it took."""
    dm, best, c = here.gradient(head.sums.operands["m"]), head.best, head.cv
    if dm is None:
        return "the memory is not learnt"
    asking = _asking(head)
    return weighted(f"dv{at(best, c)}", head.kept[asking, best], own[asking, c - head.first],
                    lambda k: (f"p{at(int(asking[k]), best)}", f"do{at(int(asking[k]), c)}"),
                    float(dm[here.n, best, head.v_at + c]), here.most)  # fmt: skip


def _to_weights(here: Here, head: Head) -> list[Block]:
    """A number of wq, and of x, to which q, k and v all hand something."""
    value, dwq, t, c = head.row.operands["q"], here.slope("wq"), head.t, head.c
    dq = here.gradient(value)
    row = next(row for row in here.rows if row.operands.get("y") is value
               and row.kernel in (dense.forward, dense.forward_unbiased))  # fmt: skip
    if dq is None:
        return []
    x, blocks = here.read(row, "x"), list[Block]()
    i = int(abs(x[here.n, t]).argmax())
    if dwq is not None:
        blocks.append(batch_sum(here, f"dwq{at(i, c)}", x[..., i], dq[..., c], (f"x{at(t, i)}", f"dq{at(t, c)}"),
                                float(dwq[i, c]), (t,)))  # fmt: skip
    if here.dx is None or value is not head.row.operands["m"]:
        return blocks
    width = len(head.heads)

    def named(k: int) -> tuple[str, str]:
        letter = "qkv"[k // width]
        return f"w{letter}{at(i, k % width)}", f"d{letter}{at(t, k % width)}"

    w = here.read(row, "w")[i]
    return [*blocks, weighted(f"dx{at(t, i)}", w, dq[here.n, t], named, float(here.dx[here.n, t, i]), here.most)]
