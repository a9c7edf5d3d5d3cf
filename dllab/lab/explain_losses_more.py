"""Explanations of losses that have no targets or no answers: those of word vectors, and landscapes."""

from __future__ import annotations

from math import log

import numpy as np

from dllab.lab.explain_activations import fill
from dllab.lab.explain_here import at
from dllab.lab.explain_judged import Judged, mean_of_batch, why
from dllab.lab.explanation import Block, Equation, table

# Of each landscape its height at (a, b), and its slopes.
SURFACES: dict[str, tuple[str, str, str]] = {
    "bowl": ("({a}^2 + {b}^2) / 2", "{a}", "{b}"),
    "valley": ("({a}^2 + 25 * {b}^2) / 2", "{a}", "25 * {b}"),
    "rosenbrock": ("(1 - {a})^2 + 100 * ({b} - {a}^2)^2", "-2 * (1 - {a}) - 400 * {a} * ({b} - {a}^2)",
                   "200 * ({b} - {a}^2)"),
    "saddle": ("({a}^2 - {b}^2) / 2 + {b}^4 / 4", "{a}", "{b}^3 - {b}"),
    "beale": ("{u}^2 + {v}^2 + {w}^2", "2 * ({u} * ({b} - 1) + {v} * ({b}^2 - 1) + {w} * ({b}^3 - 1))",
              "2 * {a} * ({u} + 2 * {b} * {v} + 3 * {b}^2 * {w})"),
    "himmelblau": ("{u}^2 + {v}^2", "2 * (2 * {a} * {u} + {v})", "2 * ({u} + 2 * {b} * {v})"),
}  # fmt: skip
PARTS: dict[str, dict[str, str]] = {
    "beale": {"u": "1.5 - {a} + {a} * {b}", "v": "2.25 - {a} + {a} * {b}^2", "w": "2.625 - {a} + {a} * {b}^3"},
    "himmelblau": {"u": "{a}^2 + {b} - 11", "v": "{a} + {b}^2 - 7"},
}
"""What stands in them several times."""


def negative_sampling(judged: Judged) -> list[Block]:
    """-log s(x_1) - log s(-x_2) - ...: a yes for the true word, a no for each drawn one."""
    x, k = judged.own, judged.place[-1]
    signs = np.where(np.arange(len(x)) == 0, 1.0, -1.0)
    losses = np.logaddexp(0, -judged.x * signs).sum(-1)
    names = [at(i) for i in range(len(x))]
    terms = " ".join(["-log(sigmoid({}))", *["- log(sigmoid(-{}))"] * (len(x) - 1)])
    own = float(losses[judged.n])
    shares = 1 / (1 + np.exp(-x))
    wanted = 1.0 if k == 0 else 0.0
    operands = ((f"sigmoid(x{at(k)})", float(shares[k])), ("q", wanted), ("count", judged.count))
    return [
        table("scores x, s = sigmoid(x), answers wanted q", ["x", "s", "q"], names, np.array([x, shares, (signs + 1) / 2])),
        Equation("this loss", terms, tuple((f"x{name}", float(v)) for name, v in zip(names, x)), own),
        mean_of_batch(judged, own, float(losses.sum())),
        why(judged),
        Equation(f"dx{at(k)}", "({} - {}) / {}", operands, judged.slope),
    ]


def glove(judged: Judged) -> list[Block]:
    """F(X) (x - log X)^2, with f(X) = min(1, (X / x_max)^alpha)."""
    x, count = float(judged.own[judged.place[-1]]), float(judged.target.reshape(judged.x.shape)[(judged.n, *judged.place)])
    counts = judged.target.reshape(judged.x.shape)
    largest, alpha = judged.loss.x_max, judged.loss.alpha
    there = counts > 0
    sizes = np.log(np.where(there, counts, 1))
    weights = np.where(there, np.exp(alpha * np.minimum(sizes - log(largest), 0)), 0)
    losses = weights * (judged.x - sizes) ** 2
    whole = (judged.n, *judged.place)
    f, own = float(weights[whole]), float(losses[whole])
    each = judged.x.shape[-1]
    name = f"x{at(*judged.place)}"
    if count <= 0:
        return [
            "a count of 0 has no logarithm and counts for nothing",
            mean_of_batch(judged, 0.0, float(losses.sum()), each),
        ]
    about = (("X", count), ("x_max", largest), ("alpha", alpha))
    over = (("f", f), (name, x), ("X", count))
    return [
        f"the pair is met X = {count:g} times in the text; its output is to be log(X)",
        Equation("f", "min(1, ({} / {})^{})", about, f),
        Equation("this loss", "{} * ({} - log({}))^2", over, own),
        mean_of_batch(judged, own, float(losses.sum()), each),
        why(judged),
        Equation(f"d{name}", "2 * {} * ({} - log({})) / {}", (*over, ("count", judged.count * each)), judged.slope),
    ]


def surface(judged: Judged) -> list[Block]:
    """The height of a landscape at the two outputs."""
    kind = judged.loss.surface
    a, b = (float(v) for v in judged.own)
    known = {"a": ("a", a), "b": ("b", b)}
    blocks: list[Block] = [f"the landscape {kind}, at a = x[1] and b = x[2]"]
    for name, text in PARTS.get(kind, {}).items():
        known[name] = (name, fill(name, text, known, 0.0).computed)
        blocks.append(fill(name, text, known, known[name][1]))
    height, *slopes = SURFACES[kind]
    own = fill("this loss", height, known, 0.0).computed
    whole = judged.here.moment.loss * judged.count
    blocks += [fill("this loss", height, known, own), mean_of_batch(judged, own, whole)]
    known["count"] = ("count", judged.count)
    for i, text in enumerate(slopes):
        value = float(judged.dx[judged.n, i])
        blocks.append(fill(f"dx{at(i)}", f"({text}) / {{count}}" if judged.count > 1 else text, known, value, abs(own)))
    return blocks
