"""Explanations of word vectors: scores of word pairs as products of two vectors, and what comes back to both."""

from __future__ import annotations

import numpy as np

from dllab.lab.explain_here import Array, Here, Told, at
from dllab.lab.explanation import Block, Equation, weighted
from dllab.ops import cbow, glove, negatives


def word(here: Here, number: int) -> str:
    """An id with the word it stands for."""
    words = here.moment.data.dataset.vocabulary
    return f"id {number} ({words[number]!r})" if number < len(words) else f"id {number}"


def scored(here: Here) -> Told:
    """Skip-gram and CBOW: y = h . context[word], for the true word and for drawn ones."""
    row = here.row(negatives.score)
    assert row is not None
    n, k = here.n, here.place[-1]
    h, context = here.read(row, "h"), here.read(row, "context")
    drawn = here.read(row, "drawn").astype(int)
    words = np.concatenate([here.x[:, int(here.read(row, "true"))].astype(int)[:, None], drawn], axis=1)  # (B, S)
    number, around = int(words[n, k]), _around(here)
    f = int(abs(h[n]).argmax())
    kind = "met near it in the text" if k == 0 else "drawn by chance"
    blocks: list[Block] = [
        f"the word read is {', '.join(word(here, i) for i in around[:3])}" + ", ..." * (len(around) > 3)
        if here.info.kind == "skip_gram" else f"h is the mean of the vectors of the {len(around)} words around",
        *_vector(here, around, h[n], f),
        f"y{at(k)} scores {word(here, number)}, {kind}; y[1] is the true word, the others are drawn anew in every step",
        weighted(f"y{at(k)}", h[n], context[number], lambda i: (f"h{at(i)}", f"context[{number},{i + 1}]"),
                 float(here.y[n, k]), here.most),
    ]  # fmt: skip
    if here.dy is None:
        return Told(tuple(blocks), ())
    back = [_to_context(here, words, h, number, k, f)]
    dh = here.gradient(row.operands["h"])
    if dh is not None:
        vectors = context[words[n]][:, f]

        def named(i: int) -> tuple[str, str]:
            return f"dy{at(i)}", f"context[{words[n, i]},{f + 1}]"

        back.append(weighted(f"dh{at(f)}", here.dy[n], vectors, named, float(dh[n, f]), here.most))
        back.append(_to_words(here, around, dh, f))
    return Told(tuple(blocks), tuple(back), f"score {k + 1} of {words.shape[1]}")


def _around(here: Here) -> list[int]:
    """The words whose vectors make h."""
    if here.info.kind == "skip_gram":
        return [int(here.x[here.n, 0])]
    return [int(i) for i in here.x[here.n, 1 : _lengths(here)[here.n]]]


def _lengths(here: Here) -> Array:
    row = here.row(cbow.mean)
    assert row is not None
    return here.read(row, "lengths").astype(int)


def _vector(here: Here, around: list[int], h: Array, f: int) -> list[Block]:
    """How the largest number of h comes about."""
    w = here.weight("w")
    assert w is not None
    terms = tuple((f"w[{i},{f + 1}]", float(w[i, f])) for i in around)
    if len(terms) == 1:
        return [Equation(f"h{at(f)}", "{}", terms, float(h[f]))]
    template = f"({' + '.join(['{}'] * len(terms))}) / {len(terms)}"
    return [Equation(f"h{at(f)}", template, terms, float(h[f]))]


def _to_context(here: Here, words: Array, h: Array, number: int, k: int, f: int) -> Equation:
    """The context's vector of the word: h times dy, over all places where the batch scores the word."""
    dcontext, dy, n = here.slope("context"), here.dy, here.n
    assert dcontext is not None and dy is not None
    same = words == number
    same[n, k] = False
    others = (dy * h[:, f : f + 1])[same]
    operands = [(f"h{at(f)}", float(h[n, f])), (f"dy{at(k)}", float(dy[n, k]))]
    return _with_others(f"dcontext[{number},{f + 1}]", "{} * {}", operands, others, float(dcontext[number, f]))


def _to_words(here: Here, around: list[int], dh: Array, f: int) -> Equation:
    """The vector of the first of the words that are read."""
    dw, number, n = here.slope("w"), around[0], here.n
    assert dw is not None
    if here.info.kind == "skip_gram":
        ids, shares = here.x[:, :1].astype(int), np.ones(len(here.x))
    else:
        lengths = _lengths(here)
        ids, shares = here.x[:, 1:].astype(int), 1 / np.maximum(lengths - 1, 1)
        ids = np.where(np.arange(ids.shape[1]) < (lengths - 1)[:, None], ids, -1)
    times = (ids == number).astype(np.float64)
    times[n, 0] -= 1
    others = (times * (dh[:, f] * shares)[:, None])[times > 0]
    template = "{}" if len(around) == 1 else f"{{}} / {len(around)}"
    return _with_others(f"dw[{number},{f + 1}]", template, [(f"dh{at(f)}", float(dh[n, f]))], others, float(dw[number, f]))


def _with_others(left: str, template: str, operands: list[tuple[str, float]], others: Array, value: float) -> Equation:
    if len(others):
        operands = [*operands, (f"(the same word elsewhere, {len(others):,} times)", float(others.sum()))]
        template += " + {}"
    return Equation(left, template, tuple(operands), value, float(abs(others).sum()))


def paired(here: Here) -> Told:
    """GloVe: y = w_i . context_j + b_i + c_j."""
    assert here.row(glove.forward) is not None
    n = here.n
    i, j = (int(number) for number in here.x[n])
    w, context, b, c = (here.weight(name) for name in ("w", "context", "b", "c"))
    assert w is not None and context is not None and b is not None and c is not None
    plus = [(f"b[{i}]", float(b[i])), (f"c[{j}]", float(c[j]))]
    blocks: list[Block] = [
        f"the pair is {word(here, i)} and {word(here, j)}",
        weighted("y[1]", w[i], context[j], lambda f: (f"w[{i},{f + 1}]", f"context[{j},{f + 1}]"), float(here.y[n, 0]),
                 here.most, plus),
    ]  # fmt: skip
    if here.dy is None:
        return Told(tuple(blocks), ())
    f, back, slopes = int(abs(w[i] * context[j]).argmax()), list[Block](), here.dy[:, 0]
    dy = ("dy[1]", float(slopes[n]))
    for name, own, column, factors in (("w", i, 0, context), ("context", j, 1, w), ("b", i, 0, None), ("c", j, 1, None)):
        slope, same = here.slope(name), here.x[:, column].astype(int) == own
        if slope is None:
            continue
        same[n] = False
        partners = here.x[:, 1 - column].astype(int)
        if factors is None:
            back.append(_with_others(f"d{name}[{own}]", "{}", [dy], slopes[same], float(slope[own])))
            continue
        other = "context" if name == "w" else "w"
        factor = (f"{other}[{partners[n]},{f + 1}]", float(factors[partners[n], f]))
        others = slopes[same] * factors[partners[same], f]
        back.append(_with_others(f"d{name}[{own},{f + 1}]", "{} * {}", [factor, dy], others, float(slope[own, f])))
    return Told(
        tuple(blocks), ("the gradient of a word's numbers is a sum over the pairs of the batch that have it", *back)
    )
