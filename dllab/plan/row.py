"""One row of a plan: a kernel call with symbolic operands, and how its sizes follow from their shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dllab.core.kernel import Kernel
from dllab.symbols import BATCH_DIM, Dim, Value

Size = tuple[int, tuple[str, ...]]
"""A product: a fixed number times live dimensions, sorted. (784, ("B",)) is 784 B."""


@dataclass(frozen=True, eq=False)
class Row:
    """A kernel and its operands. `only`: the one shard that runs it (None: all). `layer`: who asked for it.

    `sliced`: every shard works on its own share of these flat vectors.
    """

    kernel: Kernel | None  # None: a barrier
    operands: Mapping[str, Value]
    layer: str = ""
    only: int | None = None
    sliced: bool = False

    def dtypes(self, precision: str) -> tuple[str, ...]:
        """The types the kernel is compiled for."""
        assert self.kernel is not None
        bound = {name: precision if v.dtype == "T" else v.dtype for name, v in self.operands.items()}
        return self.kernel.dtypes(precision, bound)

    def sizes(self) -> list[Size]:
        """The size of each of the kernel's dimension letters, in its order.

        Raises ValueError where an operand does not fit the kernel: a fault of the layer that built the row.
        """
        assert self.kernel is not None
        found: dict[str, Size] = {}
        kernel = self.kernel.title.rpartition(".")[2]
        for operand in self.kernel.operands:
            name = operand.name
            if name not in self.operands:
                raise ValueError(f"{kernel} is called without its operand {name}")
            value = self.operands[name]
            shape: list[Size] = [product([d]) for d in value.shape]
            if operand.dims and operand.dims[0].startswith("*"):
                leading = len(shape) - len(operand.dims) + 1
                shape = [product(value.shape[:leading]), *shape[leading:]]
            if len(shape) != len(operand.dims):
                raise ValueError(f"{kernel}: {name} has dimensions {operand.dims}, but is given {value.shape}")
            for letter, size in zip(operand.dims, shape):
                known = found.setdefault(letter.lstrip("*"), size)
                if known != size or (letter.isdigit() and size != (int(letter), ())):
                    there = f"where another operand has {_text(known)}"
                    raise ValueError(f"{kernel}: {name} has {letter} = {_text(size)}, {there}")
        return [found[letter] for letter in self.kernel.letters]


def _text(size: Size) -> str:
    """`4 * B`."""
    return " * ".join([str(size[0]), *size[1]])


def product(dims: tuple[Dim, ...] | list[Dim]) -> Size:
    """The product of dimensions, fixed ones multiplied out."""
    number, live = 1, []
    for dim in dims:
        if isinstance(dim, int):
            number *= dim
        else:
            live.append(dim)
    return number, tuple(sorted(live))


def elements(value: Value, rows: int, live: Mapping[str, int]) -> int:
    """How many numbers a value holds when a shard has `rows` rows in hand."""
    number, names = product(value.shape)
    for name in names:
        number *= rows if name == BATCH_DIM else live[name]
    return number
