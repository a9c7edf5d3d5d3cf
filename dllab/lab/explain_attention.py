"""Explanations of attention: one query of one head, its scores, its shares, and what it takes of the values."""

from __future__ import annotations

import math

import numpy as np

from dllab.lab.explain_attention_back import backward
from dllab.lab.explain_head import Head
from dllab.lab.explain_here import Here, Told, at
from dllab.lab.explanation import Block, Equation, table, weighted
from dllab.ops import dense

SHOWN = 16
"""Steps of the memory whose scores and shares are listed."""
DROPPED = "dropout has taken some shares away and made the others larger"


def attention(here: Here) -> Told:
    """Projections q, k and v, scores, shares softmax(scores), values weighted by shares, and the product with wo."""
    head = Head(here)
    blocks: list[Block] = [head.columns(), *_projected(here, head), *_scores(head), *_taken(here, head)]
    wo, bo, out = here.weight("wo"), here.weight("bo"), here.place[-1]
    assert wo is not None
    plus = [] if bo is None else [(f"bo{at(out)}", float(bo[out]))]
    y = float(here.y[here.n, head.t, out])

    def named(i: int) -> tuple[str, str]:
        return f"wo{at(i, out)}", f"o{at(head.t, i)}"

    blocks.append(weighted(f"y{at(head.t, out)}", wo[:, out], head.heads, named, y, here.most, plus))
    return Told(tuple(blocks), tuple(backward(here, head)), head.where())


def _projected(here: Here, head: Head) -> list[Block]:
    """One number each of the query, of the key that gets the largest share, and of its value."""
    blocks = list[Block]()
    for letter, step, column in (("q", head.t, head.c), ("k", head.best, head.c), ("v", head.best, head.cv)):
        value, of = head.source(letter)
        row = next(row for row in here.rows if row.operands.get("y") is value
                   and row.kernel in (dense.forward, dense.forward_unbiased))  # fmt: skip
        x, w = here.read(row, "x")[here.n, step], here.read(row, "w")[:, of + column]
        b = [(f"b{letter}{at(column)}", float(here.read(row, "b")[of + column]))] if "b" in row.operands else []

        def named(i: int, letter: str = letter, step: int = step, column: int = column) -> tuple[str, str]:
            return f"w{letter}{at(i, column)}", f"{head.read_by(letter)}{at(step, i)}"

        y = float(here.read(row, "y")[here.n, step, of + column])
        blocks.append(weighted(f"{letter}{at(step, column)}", w, x, named, y, here.most, b))
    return blocks


def _scores(head: Head) -> list[Block]:
    """Scores of all steps that are seen, and how the largest share comes about."""
    share, best, t = head.share[: head.seen], head.best, head.t
    scores, blocks = head.scores(), list[Block]()
    if head.is_dot:
        score = weighted(f"q{at(t)} . k{at(best)}", head.q, head.keys[best],
                         lambda i: (f"q{at(t, head.first + i)}", f"k{at(best, head.first + i)}"),
                         float(head.q @ head.keys[best]), head.here.most)  # fmt: skip
        operands = ((score.left, score.value), ("d", float(head.part)))
        blocks += [score, Equation(f"score{at(t, best)}", "{} / sqrt({})", operands, float(scores[best]))]
        rule = "q . k / sqrt(d)"
    else:
        blocks.append(head.added(float(scores[best])))
        rule = "sum of u * tanh(q + k)"
    shown = np.sort(np.argsort(-share, kind="stable")[:SHOWN])
    few = f", the largest {SHOWN} of {head.seen}" if head.seen > SHOWN else ""
    title = f"score = {rule}, share p = exp(score) / sum{few}"
    blocks.append(table(title, ["score", "p"], [at(int(s)) for s in shown], np.array([scores[shown], share[shown]])))
    highest = float(scores.max())
    whole = highest + math.log(float(np.exp(scores - highest).sum()))
    operands = ((f"score{at(t, best)}", float(scores[best])), ("log(sum of exp(score))", whole))
    return [*blocks, Equation(f"p{at(t, best)}", "exp({} - {})", operands, float(share[best]), head.size())]


def _taken(here: Here, head: Head) -> list[Block]:
    """What the shares take of the values: the number of the head's output that is largest."""
    kept = head.kept[head.t]
    note: list[Block] = [] if np.array_equal(kept, head.share) else [DROPPED]
    seen, column = np.flatnonzero(kept), head.cv
    values = here.read(head.sums, "m")[here.n, seen, head.v_at + column]

    def named(i: int) -> tuple[str, str]:
        return f"p{at(head.t, int(seen[i]))}", f"v{at(int(seen[i]), column)}"

    return [*note, weighted(f"o{at(head.t, column)}", kept[seen], values, named, float(head.heads[column]), here.most)]
