"""What an explanation is made of: equations and tables in sections. An equation can be worked out again."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "tanh": math.tanh, "erf": math.erf, "abs": abs, "max": max,
    "min": min, "sin": math.sin, "cos": math.cos, "sigmoid": lambda x: 0.5 * (1 + math.tanh(x / 2)),
    "sign": lambda x: float(np.sign(x)), "same": lambda a, b: float(a == b),
}  # fmt: skip
ROUNDING = 3e-5
"""Beside the sum of the sizes of all terms: what float32 may lose in a step's sums."""

Part = Literal["forward", "loss", "backward", "update"]


@dataclass(frozen=True)
class Equation:
    """`left` = template, with a name and a number for each {} in it; `value`: what the engine's own buffers hold of it.

    `hidden`: the sizes of terms that an operand stands for, such as `780 more`, added up.
    """

    left: str
    template: str
    operands: tuple[tuple[str, float], ...]
    value: float
    hidden: float = 0.0

    @property
    def formula(self) -> str:
        """The right side in names."""
        return self.template.format(*(name for name, _ in self.operands))

    @cached_property
    def computed(self) -> float:
        """The right side worked out from the operands, in float64."""
        return _evaluate(self._tree)[0]

    @property
    def agrees(self) -> bool:
        """Whether the engine has the same, within the rounding of float32."""
        size = _evaluate(self._tree)[1] + self.hidden
        return abs(self.computed - self.value) <= ROUNDING * size + 1e-37

    @property
    def terms(self) -> tuple[float, ...]:
        """The values of the terms, where the right side is a sum in which something is multiplied; () elsewhere."""
        found = _terms(self._tree)
        products = any(isinstance(term, ast.BinOp | ast.Call) for term, _ in found)
        return tuple(sign * _evaluate(term)[0] for term, sign in found) if products and len(found) > 1 else ()

    @cached_property
    def _tree(self) -> ast.expr:
        numbers = [f"({float(value)!r})" for _, value in self.operands]
        text = self.template.replace("^", "**").format(*numbers).replace("nan", "NAN").replace("inf", "INF")
        return ast.parse(text, mode="eval").body


@dataclass(frozen=True)
class Table:
    """Numbers (rows, columns) with names at both edges."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    numbers: tuple[tuple[float, ...], ...]


Block = Equation | Table | str
"""A text is a remark between them."""


@dataclass(frozen=True)
class Section:
    """What one layer, the loss or a parameter does in one part of the step. `says`: what it is, in a line."""

    part: Part
    path: str
    kind: str
    says: str
    blocks: tuple[Block, ...]

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Its equations."""
        return tuple(block for block in self.blocks if isinstance(block, Equation))


@dataclass(frozen=True)
class Explained:
    """A step of training. `step`: from 1; `input`: of the batch, and `row`: of the data set, from 0; `rows`: of the batch.

    `full`: all numbers of a small net, not those of a unit of each layer. `loss`: of the whole batch, before the step;
    `rate`: the learning rate of the step. `reads`: the tokens of the input, if it is a text. `why`: why this input, and
    why these units.
    """

    recipe: str
    seed: int
    step: int
    steps: int
    epoch: int
    rows: int
    input: int
    row: int
    full: bool
    loss: float
    rate: float
    answer: str
    reads: tuple[str, ...]
    why: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Those of all sections."""
        return tuple(equation for section in self.sections for equation in section.equations)


def table(title: str, rows: Sequence[str], columns: Sequence[str], numbers: NDArray[Any]) -> Table:
    """A table of an array, (rows, columns) or reshaped to that."""
    lines = np.asarray(numbers, np.float64).reshape(len(rows), len(columns))
    return Table(title, tuple(rows), tuple(columns), tuple(tuple(float(v) for v in line) for line in lines))


def weighted(
    left: str, a: NDArray[Any], b: NDArray[Any], named: Callable[[int], tuple[str, str]], value: float, most: int,
    plus: Sequence[tuple[str, float]] = (),
) -> Equation:  # fmt: skip
    """The sum of a_i b_i, plus more: the `most` largest products written out, the others in one number."""
    first, second = np.asarray(a, np.float64).reshape(-1), np.asarray(b, np.float64).reshape(-1)
    products = first * second
    shown = np.arange(len(products))
    if len(products) > most + 1:
        shown = np.sort(np.argsort(-np.abs(products), kind="stable")[:most])
    operands: list[tuple[str, float]] = []
    for i in shown:
        one, other = named(int(i))
        operands += [(one, float(first[i])), (other, float(second[i]))]
    parts = ["{} * {}"] * len(shown)
    rest = np.delete(products, shown)
    if len(rest):
        operands.append((f"({len(rest):,} more)", float(rest.sum())))
    extra = [(name, float(number)) for name, number in plus]
    operands += extra
    template = " + ".join([*parts, *["{}"] * (len(operands) - 2 * len(shown))])
    return Equation(left, template, tuple(operands), float(value), float(np.abs(rest).sum()))


def mean_of(left: str, values: NDArray[Any], named: Callable[[int], str], value: float, most: int) -> Equation:
    """The mean of numbers: the `most` largest written out, the others in one number."""
    operands, rest, hidden = _some(values, named, most)
    template = f"({' + '.join(['{}'] * len(operands))}) / {len(values)}"
    return Equation(left, template if len(values) > 1 else "{}", operands, value, (hidden + abs(rest)) / len(values))


def largest_of(left: str, values: NDArray[Any], named: Callable[[int], str], value: float, most: int) -> Equation:
    """The largest of numbers: the `most` that are largest written out."""
    flat = np.asarray(values, np.float64).reshape(-1)
    shown = np.arange(len(flat))
    if len(flat) > most + 1:
        shown = np.sort(np.argsort(-flat, kind="stable")[:most])
    operands = [(named(int(i)), float(flat[i])) for i in shown]
    rest = np.delete(flat, shown)
    if len(rest):
        operands.append((f"({len(rest):,} smaller ones)", float(rest.max())))
    template = f"max({', '.join(['{}'] * len(operands))})" if len(operands) > 1 else "{}"
    return Equation(left, template, tuple(operands), value)


def _some(
    values: NDArray[Any], named: Callable[[int], str], most: int
) -> tuple[tuple[tuple[str, float], ...], float, float]:
    """Terms of a sum: the `most` largest by name, the others as one; that one, and the sizes it stands for."""
    flat = np.asarray(values, np.float64).reshape(-1)
    shown = np.arange(len(flat))
    if len(flat) > most + 1:
        shown = np.sort(np.argsort(-abs(flat), kind="stable")[:most])
    operands = [(named(int(i)), float(flat[i])) for i in shown]
    rest = np.delete(flat, shown)
    if len(rest):
        operands.append((f"({len(rest):,} more)", float(rest.sum())))
    return tuple(operands), float(rest.sum()), float(abs(rest).sum())


def _terms(tree: ast.expr, sign: float = 1.0) -> list[tuple[ast.expr, float]]:
    """The terms of a sum with their signs."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub):
        right = sign if isinstance(tree.op, ast.Add) else -sign
        return [*_terms(tree.left, sign), *_terms(tree.right, right)]
    return [(tree, sign)]


def _evaluate(tree: ast.expr) -> tuple[float, float]:
    """The value of an expression, and the size of what was added up on the way, against which rounding is judged."""
    if isinstance(tree, ast.Constant):
        return float(tree.value), abs(float(tree.value))  # type: ignore[arg-type]
    if isinstance(tree, ast.Name):
        return (math.nan, math.nan) if tree.id == "NAN" else (math.inf, math.inf)
    if isinstance(tree, ast.UnaryOp):
        value, size = _evaluate(tree.operand)
        return -value, size
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
        return _call(tree.func.id, [_evaluate(argument) for argument in tree.args])
    assert isinstance(tree, ast.BinOp)
    return _operation(tree.op, _evaluate(tree.left), _evaluate(tree.right))


def _call(name: str, arguments: list[tuple[float, float]]) -> tuple[float, float]:
    value = FUNCTIONS[name](*(argument for argument, _ in arguments))
    inner = max(size for _, size in arguments)
    if name == "exp":
        return value, abs(value) * (1 + inner)
    return value, inner if name in ("max", "min", "abs", "sign", "same") else abs(value) + (name == "log")


def _operation(op: ast.operator, left: tuple[float, float], right: tuple[float, float]) -> tuple[float, float]:
    (a, large), (b, size) = left, right
    if isinstance(op, ast.Add):
        return a + b, large + size
    if isinstance(op, ast.Sub):
        return a - b, large + size
    if isinstance(op, ast.Mult):
        return a * b, large * size
    if isinstance(op, ast.Pow):
        return a**b, large**b if b >= 0 else abs(a) ** b
    return (a / b, large / abs(b)) if b else (math.nan, math.inf)
