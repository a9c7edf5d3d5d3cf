"""What a kernel is: a plain function over arrays plus a line that names the shape of each operand.

    @kernel(y="*N O", x="*N I", w="I O", b="O")
    def forward(y, x, w, b):
        ...

A plan calls a kernel through a row of int64: the entry address, one address per operand, one index into the vector of
live sizes per dimension letter. The text of the entry that unpacks such a row is generated here, from the shapes alone;
it runs as plain Python without JIT and is compiled together with the function otherwise (compiler.py).

Shapes: letters are dimensions, equal letters equal sizes; a digit is a fixed size; a leading `*N` stands for all
leading dimensions at once. `""` is a scalar. A type may follow a colon: `"B:int32"`. Without one an operand has the
plan's own precision; `any` is the type of whatever array is bound there; scalars are kept in float64 or int64.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

PRECISION = "T"
ANY = "any"
DTYPES = ("float32", "float64", "int64", "int32", "uint8")


@dataclass(frozen=True)
class Operand:
    """One array or scalar that a kernel takes: its name, its dimensions and its type."""

    name: str
    dims: tuple[str, ...]
    dtype: str

    @property
    def scalar(self) -> bool:
        """Whether the kernel receives a number rather than an array."""
        return not self.dims


@dataclass(frozen=True, eq=False)
class Kernel:
    """A function that a plan can call. `verdict` kernels return True to stop the run at this step."""

    function: Callable[..., Any]
    operands: tuple[Operand, ...]
    verdict: bool = False

    @property
    def title(self) -> str:
        """`module.function` without the package: unique, and what messages and the cache call it."""
        return f"{self.function.__module__.removeprefix('dllab.')}.{self.function.__name__}"

    @cached_property
    def letters(self) -> tuple[str, ...]:
        """The dimension letters in the order in which a row lists their sizes."""
        found = dict.fromkeys(d.lstrip("*") for o in self.operands for d in o.dims if not d.isdigit())
        return tuple(found)

    def __call__(self, *args: Any) -> Any:
        """Run the plain function; what tests and other kernels do."""
        return self.function(*args)

    def dtypes(self, precision: str, bound: dict[str, str]) -> tuple[str, ...]:
        """The type of every operand, once the precision and the types of the `any` operands are known."""
        return tuple(
            precision if o.dtype == PRECISION else bound[o.name] if o.dtype == ANY else o.dtype for o in self.operands
        )

    def entry_source(self, precision: str, dtypes: tuple[str, ...]) -> str:
        """Text of `entry(row, sizes)`, which turns a row into arrays and calls the function."""
        lines = ["def entry(row, sizes):"]
        first_size = 1 + len(self.operands)
        lines += [f"    {c} = load(sizes, load(row, {first_size + i}))" for i, c in enumerate(self.letters)]
        arguments = []
        for i, (operand, dtype) in enumerate(zip(self.operands, dtypes)):
            address = f"load(row, {i + 1})"
            if operand.scalar and dtype in ("int64", "int32", "uint8"):
                arguments.append(f"load({address}, 0)")
            elif operand.scalar:
                arguments.append(f"{precision}(load_float({address}, 0))")
            else:
                shape = "".join(d.lstrip("*") + "," for d in operand.dims)
                arguments.append(f"view_{dtype}({address}, ({shape}))")
        call = f"function({', '.join(arguments)})"
        lines += [f"    return 1 if {call} else 0"] if self.verdict else [f"    {call}", "    return 0"]
        return "\n".join(lines) + "\n"


def kernel(verdict: bool = False, /, **shapes: str) -> Callable[[Callable[..., Any]], Kernel]:
    """Declare a kernel: one keyword per parameter of the function, in its order, giving the parameter's shape."""

    def declare(function: Callable[..., Any]) -> Kernel:
        names = tuple(inspect.signature(function).parameters)
        if names != tuple(shapes):
            raise TypeError(f"{function.__qualname__}: shapes are given for {tuple(shapes)}, parameters are {names}")
        return Kernel(function, tuple(_operand(name, text) for name, text in shapes.items()), verdict)

    return declare


def _operand(name: str, text: str) -> Operand:
    dims, _, dtype = text.partition(":")
    if dtype and dtype not in (*DTYPES, ANY, PRECISION):
        raise TypeError(f"{name}: unknown type {dtype!r}")
    return Operand(name, tuple(dims.split()), dtype.strip() or (PRECISION if dims.split() else "float64"))
