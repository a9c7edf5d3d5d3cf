"""Explanations of norms: mean and variance of what, and why two means come into the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from dllab.lab.explain_dense import batch_sum
from dllab.lab.explain_here import Array, Here, Told, at
from dllab.lab.explanation import Block, Equation
from dllab.ops import batch_norm, group_norm, layer_norm
from dllab.plan.row import Row


@dataclass(frozen=True)
class _Over:
    """What a norm is taken over: the numbers of x and the gradients g = gain dy at the same places, both flat.

    `z`: of the whole batch, (N, ...), for the feature that is looked at. `whom`: in words.
    """

    x: Array
    g: Array | None
    z: Array
    mean: float
    variance: float
    whom: str


def normed(here: Here) -> Told:
    """Y = gain z + bias, z = (x - mean) / sqrt(variance + eps); over the batch, the features or a group of channels."""
    row = here.row(batch_norm.forward, batch_norm.infer, layer_norm.forward, group_norm.forward)
    assert row is not None and row.kernel is not None
    f, whole, name = here.place[-1], (here.n, *here.place), at(*here.place)
    eps, gain, bias = float(here.read(row, "eps")), here.weight("gain"), here.weight("bias")
    if row.kernel is batch_norm.infer:
        over = _running(here, f, eps)
    else:
        find = {batch_norm.forward: _batch, layer_norm.forward: _features, group_norm.forward: _group}[row.kernel]
        over = find(here, f, eps)
    x, root = float(here.x[whole]), sqrt(over.variance + eps)
    z = (x - over.mean) / root
    blocks: list[Block] = [f"mean and variance are those of {over.whom}"]
    if len(over.x):
        blocks += _statistics(here, row, over, eps)
    operands = (("x", x), ("mean", over.mean), ("variance", over.variance), ("eps", eps))
    blocks.append(Equation(f"z{name}", "({} - {}) / sqrt({} + {})", (("x" + name, x), *operands[1:]), z))
    terms = [("gain", 1.0 if gain is None else float(gain[f])), (f"z{name}", z)]
    template = "{} * {}"
    if bias is not None:
        terms.append(("bias", float(bias[f])))
        template += " + {}"
    if gain is None:
        terms, template = terms[1:], template.removeprefix("{} * ")
    hidden = abs(terms[0][1]) * (abs(x) + abs(over.mean)) / root
    blocks.append(Equation(f"y{name}", template, tuple(terms), float(here.y[whole]), hidden))
    return Told(tuple(blocks), tuple(_backward(here, over, z, root, row.kernel is batch_norm.infer)))


def _statistics(here: Here, row: Row, over: _Over, eps: float) -> list[Block]:
    """Mean and variance, which the engine has worked out on its own."""
    f, n = here.place[-1], here.n
    if row.kernel is batch_norm.forward:
        spread = here.row(batch_norm.spread)
        assert spread is not None
        mean, variance = float(here.read(spread, "mean")[f]), float(here.read(row, "variance")[f])
    else:
        where = (n, *here.place[:-1]) if row.kernel is layer_norm.forward else (n, f)
        mean, variance = float(here.read(row, "mean")[where]), float(here.read(row, "scale")[where]) ** -2 - eps
    count = ("count", float(len(over.x)))
    spreads = (over.x - over.mean) ** 2
    return [
        Equation("mean", "{} / {}", (("(sum of x)", float(over.x.sum())), count), mean, float(abs(over.x).mean())),
        Equation("variance", "{} / {}", (("(sum of (x - mean)^2)", float(spreads.sum())), count), variance,
                 2 * eps + float((over.x**2).mean())),
    ]  # fmt: skip


def _batch(here: Here, f: int, eps: float) -> _Over:
    x = here.x[..., f]
    g = None if here.dy is None else (here.dy[..., f] * _gains(here)[f]).reshape(-1)
    mean, variance = float(x.mean()), float(x.var())
    whom = f"the {x.size:,} numbers of feature {f + 1} in the batch"
    return _Over(x.reshape(-1), g, (x - mean) / np.sqrt(variance + eps), mean, variance, whom)


def _features(here: Here, f: int, eps: float) -> _Over:
    where = (here.n, *here.place[:-1])
    x = here.x[where]
    g = None if here.dy is None else here.dy[where] * _gains(here)
    z = ((here.x - here.x.mean(-1, keepdims=True)) / np.sqrt(here.x.var(-1, keepdims=True) + eps))[..., f]
    return _Over(x, g, z, float(x.mean()), float(x.var()), f"the {x.size:,} features of this input")


def _group(here: Here, f: int, eps: float) -> _Over:
    row = here.row(group_norm.forward)
    assert row is not None
    channels = here.x.shape[-1]
    width = channels // int(here.read(row, "groups"))
    some = slice(f // width * width, f // width * width + width)
    x = here.x[..., some]
    axes = tuple(range(1, x.ndim))
    z = (here.x[..., f] - x.mean(axes).reshape(-1, *[1] * (x.ndim - 2))) / np.sqrt(
        x.var(axes).reshape(-1, *[1] * (x.ndim - 2)) + eps
    )
    g = None if here.dy is None else (here.dy[here.n][..., some] * _gains(here)[some]).reshape(-1)
    own = x[here.n]
    of = f"channel {f + 1}" if width == 1 else f"channels {some.start + 1} to {some.stop}"
    whom = f"the {own.size:,} numbers of {of} of this input"
    return _Over(own.reshape(-1), g, z, float(own.mean()), float(own.var()), whom)


def _running(here: Here, f: int, eps: float) -> _Over:
    row = here.row(batch_norm.infer)
    assert row is not None
    mean, variance = (float(here.read(row, f"running_{name}")[f]) for name in ("mean", "variance"))
    z = (here.x[..., f] - mean) / np.sqrt(variance + eps)
    return _Over(
        np.zeros(0), None, z, mean, variance, "earlier training: the layer is frozen, and they are not its batch's"
    )


def _gains(here: Here) -> Array:
    gain = here.weight("gain")
    found: Array = np.ones(here.x.shape[-1]) if gain is None else gain
    return found


def _backward(here: Here, over: _Over, z: float, root: float, frozen: bool) -> list[Block]:
    dy, dx, f, where, name = here.dy, here.dx, here.place[-1], here.place[:-1], at(*here.place)
    if dy is None:
        return []
    blocks: list[Block] = []
    for parameter, other in (("gain", over.z), ("bias", None)):
        slope = here.slope(parameter)
        if slope is not None:
            names = (f"z{name}", f"dy{name}")
            blocks.append(batch_sum(here, f"d{parameter}{at(f)}", other, dy[..., f], names, float(slope[f]), where))
    gain = float(_gains(here)[f])
    g = gain * float(dy[(here.n, *here.place)])
    factors = (("gain", gain), (f"dy{name}", float(dy[(here.n, *here.place)])))
    own = Equation("g", "{} * {}", factors, g)
    if frozen:
        if dx is not None:
            operands = (("g", g), ("sqrt(variance + eps)", root))
            blocks += [own, Equation(f"dx{name}", "{} / {}", operands, float(dx[(here.n, *here.place)]))]
        return blocks
    assert over.g is not None
    blocks += [own, "mean and variance depend on every x, too, and so two means over the same numbers come in"]
    means = float(over.g.mean()), float((over.g * (over.x - over.mean)).mean() / root)
    terms = (("g", g), ("mean of g", means[0]), ("z", z), ("mean of g * z", means[1]), ("sqrt(variance + eps)", root))
    if dx is not None:
        hidden = float(abs(over.g).mean() * (1 + abs(over.x - over.mean).max() / root)) / root * (1 + abs(z))
        value = float(dx[(here.n, *here.place)])
        blocks.append(Equation(f"dx{name}", "({} - {} - {} * {}) / {}", terms, value, hidden))
    return blocks
