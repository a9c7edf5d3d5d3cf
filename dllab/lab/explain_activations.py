"""Explanations of activations: a formula for each, and its slope, which the chain rule multiplies with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log, pi, sqrt

import numpy as np

from dllab.lab.explain_here import Here, Place, Told, at
from dllab.lab.explanation import Block, Equation
from dllab.ops import softmax as op
from dllab.ops.selu import FLOOR, SCALE


@dataclass(frozen=True)
class Curve:
    """Templates by where x lies: of y with names among x and the options, of dx with names among dy, x, y and the options.

    A template has `{x}`, `{y}`, `{dy}` or `{slope}` and the like in it.
    """

    y: Callable[[float], str]
    dx: Callable[[float, float], str]
    options: tuple[str, ...] = ()


def _always(text: str) -> Callable[..., str]:
    return lambda *_: text


def _sided(above: str, below: str) -> Callable[..., str]:
    return lambda x, *_: above if x > 0 else below


ERF = f"(0.5 * (1 + erf({{x}} / {sqrt(2):.7g})))"
SIGMOID, DENSITY = "1 / (1 + exp(-{x}))", f"{1 / sqrt(2 * pi):.7g} * exp(-{{x}}^2 / 2)"
CURVES: dict[str, Curve] = {
    "relu": Curve(_always("max(0, {x})"), _sided("{dy} * 1", "{dy} * 0")),
    "relu6": Curve(_always("min(max(0, {x}), 6)"), lambda x, y: "{dy} * 1" if 0 < y < 6 else "{dy} * 0"),
    "hard_tanh": Curve(_always("min(max(-1, {x}), 1)"), lambda x, y: "{dy} * 1" if abs(y) < 1 else "{dy} * 0"),
    "leaky_relu": Curve(_sided("{x}", "{slope} * {x}"), _sided("{dy} * 1", "{dy} * {slope}"), ("slope",)),
    "elu": Curve(_sided("{x}", "{alpha} * (exp({x}) - 1)"), _sided("{dy} * 1", "{dy} * ({y} + {alpha})"), ("alpha",)),
    "selu": Curve(_sided(f"{SCALE!r} * {{x}}", f"{FLOOR!r} * (exp({{x}}) - 1)"),
                  _sided(f"{{dy}} * {SCALE!r}", f"{{dy}} * ({{y}} + {FLOOR!r})")),
    "tanh": Curve(_always("tanh({x})"), _always("{dy} * (1 - {y}^2)")),
    "sigmoid": Curve(_always(SIGMOID), _always("{dy} * {y} * (1 - {y})")),
    "silu": Curve(_always("{x} / (1 + exp(-{x}))"), _always("{dy} * sigmoid({x}) * (1 + {x} * (1 - sigmoid({x})))")),
    "softplus": Curve(_always("log(1 + exp({x}))"), _always("{dy} / (1 + exp(-{x}))")),
    "softsign": Curve(_always("{x} / (1 + abs({x}))"), _always("{dy} / (1 + abs({x}))^2")),
    "step": Curve(_sided("1", "0"), _always("0")),
    "mish": Curve(_always("{x} * tanh(log(1 + exp({x})))"),
                  _always("{dy} * (tanh(log(1 + exp({x}))) + {x} * sigmoid({x}) * (1 - tanh(log(1 + exp({x})))^2))")),
    "gelu": Curve(_always("{x} * " + ERF), _always("{dy} * (" + ERF + " + {x} * " + DENSITY + ")")),
}  # fmt: skip
TANH_GELU = Curve(
    _always("{x} * sigmoid(1.595769 * ({x} + 0.044715 * {x}^3))"),
    lambda x, y: "{dy} * ({y} / {x} + {y} * (1 - {y} / {x}) * 1.595769 * (1 + 0.134145 * {x}^2))" if x else "{dy} / 2",
)


def activation(here: Here) -> Told:
    """Y = f(x), dx = dy f'(x), at one place or, in full, at all of a vector."""
    places: list[Place] = [here.place]
    if here.full and len(here.place) == 1:
        places = [(unit,) for unit in range(here.y.shape[-1])]
    forward, backward = list[Block](), list[Block]()
    for place in places:
        forward.append(_equation(here, place, False))
        if here.dy is not None and here.dx is not None:
            backward.append(_equation(here, place, True))
    return Told(tuple(forward), tuple(backward))


def _equation(here: Here, place: Place, back: bool) -> Equation:
    row = here.rows[0]
    curve = TANH_GELU if row.kernel is not None and row.kernel.title.endswith("forward_tanh") else CURVES[here.info.kind]
    whole, name = (here.n, *place), at(*place)
    known: dict[str, tuple[str, float]] = {
        "x": (f"x{name}", float(here.x[whole])), "y": (f"y{name}", float(here.y[whole])),
        **{option: (option, float(here.read(row, option))) for option in curve.options},
    }  # fmt: skip
    x, y = known["x"][1], known["y"][1]
    if back:
        assert here.dy is not None and here.dx is not None
        known["dy"] = (f"dy{name}", float(here.dy[whole]))
        return fill(f"dx{name}", curve.dx(x, y), known, float(here.dx[whole]))
    return fill(f"y{name}", curve.y(x), known, y)


def fill(left: str, text: str, known: dict[str, tuple[str, float]], value: float, hidden: float = 0.0) -> Equation:
    """An equation from a template with names in it: {x} becomes an operand wherever it stands."""
    parts = text.split("{")
    operands, template = [], parts[0]
    for part in parts[1:]:
        name, _, rest = part.partition("}")
        operands.append(known[name])
        template += "{}" + rest
    return Equation(left, template, tuple(operands), value, hidden)


def softmax(here: Here) -> Told:
    """Y_k = e^(x_k / temperature) over the sum of all; dx_k = y_k (dy_k - the sum of y dy) / temperature."""
    *where, k = here.place
    row, place = here.row(op.forward), (here.n, *where)
    temperature = 1.0 if row is None else float(here.read(row, "temperature"))
    x, y = here.x[place], here.y[place]
    blocks: list[Block] = []
    if temperature != 1:
        operands = ((f"x{at(k)}", float(x[k])), ("temperature", temperature))
        blocks.append(Equation(f"s{at(k)}", "{} / {}", operands, float(x[k]) / temperature))
    letters = ("x", "y") if temperature == 1 else ("s", "y")
    blocks.append(softmax_share(x / temperature, k, float(y[k]), *letters))
    if here.dy is None or here.dx is None:
        return Told(tuple(blocks), ())
    dy = here.dy[place]
    terms = [(f"y{at(k)}", float(y[k])), (f"dy{at(k)}", float(dy[k])), ("(sum of y * dy)", float(y @ dy))]
    template = "{} * ({} - {})"
    if temperature != 1:
        terms.append(("temperature", temperature))
        template += " / {}"
    size = float(abs(y) @ abs(dy)) / temperature
    back = Equation(f"dx{at(k)}", template, tuple(terms), float(here.dx[(*place, k)]), size)
    return Told(tuple(blocks), ("every share is made of all x, so the slopes of the others come in", back))


def softmax_share(x: np.ndarray, k: int, value: float, of: str = "x", letter: str = "p") -> Equation:
    """One share of a softmax; the largest score is taken off all, which changes no share."""
    highest = float(x.max())
    whole = sum(exp(float(score) - highest) for score in x)
    operands = ((f"{of}{at(k)}", float(x[k])), (f"log(sum of exp({of}))", highest + log(whole)))
    return Equation(f"{letter}{at(k)}", "exp({} - {})", operands, value)
