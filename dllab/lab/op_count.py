"""How much arithmetic a kernel does for every number: counted in its source, so that no clock has a say.

An addition, multiplication, division, comparison, choice, change of sign, and every primitive of core/bits.py are one
operation; a polynomial of n coefficients takes n - 1 multiplications and n - 1 additions. Functions that a kernel calls are
counted with it. What depends on the machine (vector width, the time of a division) is left out on purpose.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dllab.core import bits
from dllab.core.kernel import Kernel
from dllab.engine.network import build
from dllab.recipe import parse

FREE = ("like", "range")
"""Constants of the right type, and what a compiler needs no arithmetic for."""
LAYERS = 20
"""Of the net that is timed, so that what comes before and after hardly counts."""
COUNTED = (ast.BinOp, ast.AugAssign, ast.Compare, ast.IfExp)


def operations(kernel: Kernel, precision: int = 0) -> int:
    """Operations for one number of an elementwise kernel. `precision`: 0 counts for float32, 1 for float64."""
    loops = [node for node in ast.walk(_tree(kernel.function)) if isinstance(node, ast.For)]
    if len(loops) != 1:
        raise ValueError(f"{kernel.title} is no single loop over numbers")
    return sum(_count(node, kernel.function.__globals__, precision) for node in loops[0].body)


def nanoseconds(activation: str, rounds: int = 5) -> float:
    """What one number takes here and now, the least of some rounds over layers of nothing but that activation."""
    net = build(parse(f"{{input: [4096], model: [repeat: {{times: {LAYERS}, layers: [{activation}]}}]}}"))
    x, took = np.random.default_rng(0).normal(size=(64, 4096)), []
    for _ in range(rounds):
        began = time.perf_counter()
        net.forward(x)
        took.append(time.perf_counter() - began)
    return 1e9 * min(took) / (LAYERS * x.size)


def _count(node: ast.AST, known: Mapping[str, Any], precision: int) -> int:
    """Operations of a piece of source and of all that is called in it; the index of an array costs nothing."""
    if isinstance(node, ast.Subscript):
        return 0
    found = sum(_count(child, known, precision) for child in ast.iter_child_nodes(node))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        return found + _called(node, known, precision)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        return found + 1
    return found + isinstance(node, COUNTED)


def _called(node: ast.Call, known: Mapping[str, Any], precision: int) -> int:
    name = ast.unparse(node.func).split(".")[-1]
    if name in FREE:
        return 0
    if name == "polynomial":
        return 2 * (len(_named(node.args[1], known)[precision]) - 1)
    if name == "abs" or hasattr(bits, name):
        return 1
    function = _named(node.func, known)
    return _count(_tree(function), function.__globals__, precision)


def _named(node: ast.AST, known: Mapping[str, Any]) -> Any:
    """What a name stands for in the file it was found in: `sigmoid`, or `vecmath.sigmoid`."""
    if isinstance(node, ast.Attribute):
        return getattr(_named(node.value, known), node.attr)
    assert isinstance(node, ast.Name)
    return known[node.id]


def _tree(function: Callable[..., Any]) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
