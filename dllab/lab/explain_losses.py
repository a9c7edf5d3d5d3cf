"""Explanations of losses: what one example adds to the loss, how the mean of the batch comes about, the first gradient."""

from __future__ import annotations

from math import exp

import numpy as np

from dllab.lab.explain_activations import softmax_share
from dllab.lab.explain_here import Array, Here, Place, at
from dllab.lab.explain_judged import Judged, count_of, mean_of_batch, why
from dllab.lab.explain_losses_more import glove, negative_sampling, surface
from dllab.lab.explain_step import Moment
from dllab.lab.explanation import Block, Equation, table
from dllab.plan.flow import LayerInfo

SHOWN = 10
"""Classes that are listed."""


def loss_blocks(moment: Moment, info: LayerInfo, n: int, place: Place, most: int) -> list[Block]:
    """All there is to tell of a loss, at a place of the last layer's output."""
    here = Here(moment, LayerInfo(**{**vars(info), "path": "loss"}), n, place, False, most)
    loss = moment.network.plan.question.loss
    row = next((row for row in here.rows if "loss" in row.operands), None)
    if loss is None or row is None or "x" not in row.operands or loss.name not in LOSSES:
        return [f"the loss of the batch is {moment.loss:.4g}; its formula: dllab losses {loss.name if loss else ''}"]
    dx = here.gradient(row.operands["x"])
    assert dx is not None
    x = here.read(row, "x").reshape(moment.rows, *here.y.shape[1:])
    target = here.read(row, "target") if "target" in row.operands else np.zeros(len(x))
    shown = target.reshape(moment.rows, *(x.shape[1:] if target.size == x.size and x.shape[-1] > 1 else x.shape[1:-1]))
    judged = Judged(x, dx.reshape(x.shape), shown, n, place, count_of(here, row, x), row, here, loss)
    return LOSSES[loss.name](judged)


def cross_entropy(judged: Judged) -> list[Block]:
    """-log softmax(x)[class], or with smoothed targets q: -sum of q log p; gradient p - q."""
    x, k = judged.own, judged.place[-1]
    classes, smoothing = len(x), float(judged.loss.label_smoothing)
    weights = np.array(judged.loss.class_weights or [1.0] * classes)
    p_all = _log_shares(judged.x)
    targets = _targets(judged, classes)  # (N, ..., K), 0 everywhere where none counts
    mass = (targets * weights).sum(-1, keepdims=True)
    wanted = (1 - smoothing) * targets * weights + smoothing / classes * mass
    losses = -(wanted * np.where(wanted > 0, p_all, 0.0)).sum(-1)
    here = (judged.n, *judged.place[:-1])
    q, p = wanted[here], np.exp(p_all[here])
    blocks: list[Block] = [_listed(judged, x, p, q, k), softmax_share(x, k, float(p[k]))]
    right = np.flatnonzero(q)
    names = [(f"q{at(int(i))}", float(q[i]), f"p{at(int(i))}", float(p[i])) for i in right]
    if len(right) == 1 and q[right[0]] == 1:
        blocks.append(Equation("this loss", "-log({})", ((names[0][2], names[0][3]),), float(losses[here])))
    elif len(right) <= SHOWN:
        operands = tuple(pair for a, u, b, v in names for pair in ((a, u), (b, v)))
        blocks.append(Equation("this loss", "-(" + " + ".join(["{} * log({})"] * len(right)) + ")", operands,
                               float(losses[here])))  # fmt: skip
    blocks.append(mean_of_batch(judged, float(losses[here]), float(losses.sum())))
    m = float(mass[here][0])
    scale = (("", m),) if m != 1 else ()
    operands = ((f"p{at(k)}", float(p[k])), *((("weight", m),) if scale else ()), (f"q{at(k)}", float(q[k])),
                ("count", judged.count))  # fmt: skip
    template = "({} * {} - {}) / {}" if scale else "({} - {}) / {}"
    return [*blocks, why(judged), Equation(f"dx{at(k)}", template, operands, judged.slope)]


def _log_shares(x: Array) -> Array:
    shifted = x - x.max(-1, keepdims=True)
    found: Array = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return found


def _targets(judged: Judged, classes: int) -> Array:
    if judged.target.shape == judged.x.shape:
        return judged.target
    labels = judged.target.astype(int)
    found: Array = (labels[..., None] == np.arange(classes)).astype(np.float64)
    return found


def _listed(judged: Judged, x: Array, p: Array, q: Array, k: int) -> Block:
    """Scores, shares and targets of the classes that count most."""
    order = np.argsort(-(p + 2 * q), kind="stable")[: SHOWN - 1]
    shown = np.array(sorted({*(int(i) for i in order), k}))
    names = judged.here.moment.data.dataset.classes
    columns = [f"{i + 1} {_short(names[i])}" if i < len(names) else str(i + 1) for i in map(int, shown)]
    left = f", {len(shown)} of {len(x)}" if len(shown) < len(x) else ""
    return table(
        f"scores x, p = softmax(x), targets q{left}", ["x", "p", "q"], columns, np.array([x[shown], p[shown], q[shown]])
    )


def _short(name: str) -> str:
    return name.strip()[:6] if name.strip() else repr(name)


def binary_cross_entropy(judged: Judged) -> list[Block]:
    """-log p or -log(1 - p), p = sigmoid(x); gradient p - target."""
    columns, smoothing, positive = judged.x.shape[-1], judged.loss.label_smoothing, judged.loss.positive_weight
    k = judged.place[-1]
    if judged.target.shape == judged.x.shape and judged.row.operands["target"].dtype != "int32":
        q, counts = judged.target, np.ones_like(judged.x)
    else:
        labels = judged.target.reshape(judged.x.shape[:-1])[..., None]
        q = (labels == (np.arange(columns) if columns > 1 else 1)).astype(np.float64)
        counts = np.broadcast_to(labels >= 0, judged.x.shape).astype(np.float64)
    q = (1 - smoothing) * q + smoothing / 2
    yes, no = -positive * q * -np.logaddexp(0, -judged.x), (1 - q) * np.logaddexp(0, judged.x)
    losses, whole = counts * (yes + no), (judged.n, *judged.place)
    x, t = float(judged.x[whole]), float(q[whole])
    p = 1 / (1 + exp(-x)) if x > -700 else 0.0
    rest = 1 / (1 + exp(x)) if x < 700 else 0.0
    names = judged.here.moment.data.dataset.classes
    said = f" ({names[round(t)]})" if columns == 1 and len(names) == 2 and names[round(t)] != f"{t:g}" else ""
    blocks: list[Block] = [Equation(f"p{at(k)}", "1 / (1 + exp(-{}))", ((f"x{at(k)}", x),), p),
                           f"the answer wanted is {t:.4g}{said}"]  # fmt: skip
    if t in (0.0, 1.0) and positive == 1:
        name, of = (f"p{at(k)}", p) if t else (f"1 - p{at(k)}", rest)
        blocks.append(Equation("this loss", "-log({})", ((name, of),), float(losses[whole])))
    else:
        of = (("weight", positive), ("q", t), (f"p{at(k)}", p), ("q", t), (f"(1 - p{at(k)})", rest))  # type: ignore[assignment]
        blocks.append(Equation("this loss", "-{} * {} * log({}) - (1 - {}) * log({})", of, float(losses[whole])))  # type: ignore[arg-type]
    blocks += [mean_of_batch(judged, float(losses[whole]), float(losses.sum()), columns), why(judged)]
    over = ("count", judged.count * columns)
    if positive == 1:
        slope = Equation(f"dx{at(k)}", "({} - {}) / {}", ((f"p{at(k)}", p), ("q", t), over), judged.slope)
    else:
        slope = Equation(f"dx{at(k)}", "((1 - {}) * {} - {} * {} * (1 - {})) / {}", (("q", t), (f"p{at(k)}", p),
                         ("weight", positive), ("q", t), (f"p{at(k)}", p), over), judged.slope)  # fmt: skip
    return [*blocks, slope]


def _values(judged: Judged) -> tuple[Array, float, float]:
    """Misses of all outputs, and the output and target that are looked at."""
    x = judged.x.reshape(judged.x.shape[0], -1)
    target = judged.target.reshape(x.shape)
    place = int(np.ravel_multi_index(judged.place, judged.x.shape[1:]))
    return x - target, float(x[judged.n, place]), float(target[judged.n, place])


def by_values(judged: Judged) -> list[Block]:
    """Mse, mae and huber: something of x - target, and its slope."""
    misses, x, t = _values(judged)
    name, delta = judged.loss.name, float(getattr(judged.loss, "delta", 1.0))
    k, count = at(*judged.place), judged.count if "positions" in judged.row.operands else float(judged.here.moment.rows)
    over = ("count", count * misses.shape[1])
    miss: tuple[tuple[str, float], ...] = ((f"x{k}", x), (f"t{k}", t))
    far = abs(x - t) > delta
    sign = float(np.sign(x - t))
    if name == "mse":
        loss, losses, slope = "({} - {})^2", misses**2, "2 * ({} - {}) / {}"
    elif name == "mae":
        loss, losses, slope = "abs({} - {})", abs(misses), f"{sign:g} / {{}}"
    else:
        near = np.clip(misses, -delta, delta)
        losses = near * (misses - near / 2)
        loss = f"{delta!r} * (abs({{}} - {{}}) - {delta!r} / 2)" if far else "({} - {})^2 / 2"
        slope = f"{sign * delta!r} / {{}}" if far else "({} - {}) / {}"
    place = int(np.ravel_multi_index(judged.place, judged.x.shape[1:]))
    own = float(losses[judged.n, place])
    operands = (*miss, over) if slope.count("{}") == 3 else (over,)
    return [
        f"target t{k} = {t:.4g}, output x{k} = {x:.4g}",
        Equation("this loss", loss, miss, own),
        mean_of_batch(judged, own, float(losses.sum()), misses.shape[1]),
        why(judged) if misses.shape[1] == 1 else f"the mean is over {over[1]:,.0f} numbers: inputs times outputs",
        Equation(f"dx{k}", slope, operands, judged.slope),
    ]


def perceptron(judged: Judged) -> list[Block]:
    """max(0, -s x), s = 1 for the class and -1 for others."""
    columns, k = judged.x.shape[-1], judged.place[-1]
    labels = judged.target.reshape(-1, 1)
    s = np.where(labels == np.arange(columns) + (columns == 1), 1.0, -1.0)
    losses = np.maximum(0, -s * judged.x)
    x, sign, own = float(judged.own[k]), float(s[judged.n, k]), float(losses[judged.n, k])
    wrong = sign * x <= 0
    says = (
        "wrong or undecided: s * x is not above 0, so the weights move"
        if wrong
        else "right: s * x is above 0, so nothing moves"
    )
    return [
        f"s{at(k)} = {sign:g}: the output should be {'above' if sign > 0 else 'below'} 0; it is {x:.4g}, which is {says}",
        Equation("this loss", "max(0, -{} * {})", ((f"s{at(k)}", sign), (f"x{at(k)}", x)), own),
        mean_of_batch(judged, own, float(losses.sum())),
        Equation(
            f"dx{at(k)}",
            "-{} / {}" if wrong else "0 * {} / {}",
            ((f"s{at(k)}", sign), ("count", judged.count)),
            judged.slope,
        ),
    ]


LOSSES = {
    "cross_entropy": cross_entropy, "binary_cross_entropy": binary_cross_entropy, "mse": by_values, "mae": by_values,
    "huber": by_values, "perceptron": perceptron, "glove": glove, "negative_sampling": negative_sampling,
    "surface": surface,
}  # fmt: skip
