"""Parameter groups as optimizers see them (optim.optimizer.Group), and the rows of an update."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dllab.core.kernel import Kernel
from dllab.plan import totals
from dllab.plan.builder import Builder
from dllab.symbols import GRADIENTS, OPTIMIZER, PARAMETERS, RATES, SHARED, Parameter, Value

SCRATCH = "scratch"  # a register like OPTIMIZER that no checkpoint keeps


@dataclass
class Slots:
    """Named copies of the parameter arena: optimizer state and its scratch, by (link of the chain, name)."""

    numbers: dict[tuple[int, str], int] = field(default_factory=dict)

    def number(self, link: int, name: str) -> int:
        """Which copy of the arena holds that name."""
        return self.numbers.setdefault((link, name), len(self.numbers))


class FlatGroup:
    """A run of parameters that lie side by side and share their options, or one matrix out of them."""

    def __init__(self, builder: Builder, parameters: Sequence[Parameter], slots: tuple[Slots, Slots], link: int,
                 norm: Value, shard: int | None = None) -> None:  # fmt: skip
        self.builder, self.parameters, self.link = builder, parameters, link
        self._slots, self._norm, self._shard = slots, norm, shard
        self.decays = parameters[0].decays
        first = parameters[0]
        self.length = flat_length(parameters)
        self.p = Value(f"{first.label}…", PARAMETERS, (self.length,), parent=first)
        self.g = Value(f"d{first.label}…", GRADIENTS, (self.length,), parent=first, shard=0)
        rate = first.rate_factor
        self.lr = Value("lr", RATES, (), "float64", offset=0)
        if rate != 1.0:
            own = builder.array((1,), "rate", "float64")
            builder.row(totals.rate_of_group, out=own, lr=self.lr, factor=builder.constant(rate))
            self.lr = builder.view(own, ())

    def slot(self, name: str) -> Value:
        """See Group.slot."""
        number = self._slots[0].number(self.link, name)
        return Value(name, OPTIMIZER, (self.length,), parent=self.parameters[0], slot=number)

    def scratch(self, name: str) -> Value:
        """See Group.scratch."""
        number = self._slots[1].number(self.link, name)
        return Value(name, SCRATCH, (self.length,), parent=self.parameters[0], slot=number)

    def constant(self, value: float) -> Value:
        """See Group.constant."""
        return self.builder.constant(value)

    def update(self) -> Value:
        """See Group.update."""
        return self.builder.counter("update")

    def norm(self) -> Value:
        """See Group.norm."""
        return self.builder.view(self._norm, ())

    def matrices(self) -> list[tuple[FlatGroup, tuple[int, int]]]:
        """See Group.matrices; each is one shard's work."""
        if self.link > 0:
            self.builder.barrier()  # the links before changed the gradient in slices
        found = [p for p in self.parameters if len(p.shape) == 2]
        shards = self.builder.shards
        return [
            (FlatGroup(self.builder, [p], self._slots, self.link, self._norm, i % shards), (p.shape[0], p.shape[1]))  # type: ignore[misc]
            for i, p in enumerate(found)
        ]

    def rest(self) -> list[FlatGroup]:
        """See Group.rest."""
        others = [p for p in self.parameters if len(p.shape) != 2]
        return [FlatGroup(self.builder, [p], self._slots, self.link, self._norm, 0) for p in others]

    def call(self, kernel: Kernel, **operands: Value) -> None:
        """See Group.call."""
        self.builder.row(kernel, only=self._shard, sliced=self._shard is None, **operands)


def make_groups(parameters: Sequence[Parameter]) -> list[list[Parameter]]:
    """Parameters in the order of their arena, cut where the options change; frozen ones are left out."""
    groups: list[list[Parameter]] = []
    for parameter in parameters:
        if parameter.frozen:
            continue
        alone = parameter.owned  # so that its slices are the halves that shards own
        if groups and not alone and group_key(groups[-1][-1]) == group_key(parameter):
            groups[-1].append(parameter)
        else:
            groups.append([parameter])
    return groups


def group_key(parameter: Parameter) -> tuple[bool, bool, float, bool]:
    """What parameters of one group have in common; the arena is sorted by it."""
    return parameter.owned, parameter.frozen, parameter.rate_factor, not parameter.decays


ALIGNMENT = 16
"""Parameters begin at multiples of this many numbers: a cache line of float32."""


def padded(parameter: Parameter) -> int:
    """Numbers a parameter takes in the arena; the padding is zero and stays zero."""
    number = 1
    for size in parameter.shape:
        assert isinstance(size, int)
        number *= size
    return -(-number // ALIGNMENT) * ALIGNMENT


def flat_length(parameters: Sequence[Parameter]) -> int:
    """Numbers from the first parameter to the end of the last; one alone counts without padding."""
    if len(parameters) == 1:
        number = 1
        for size in parameters[0].shape:
            number *= int(size)
        return number
    return sum(padded(p) for p in parameters)


def total_rows(builder: Builder, parameters: Sequence[Parameter]) -> tuple[Value, Value]:
    """Rows after the backward pass: the gradients of all shards together.

    Returns the places of the gradient's norm (1,) and of the squares (n,) that add up to its square.
    """
    common = sum(padded(p) for p in parameters if not p.owned)
    owned = [p for p in parameters if p.owned]
    pieces = 1 + len(owned)
    squares = builder.store.shared.setdefault("squares", Value("squares", SHARED, (builder.shards, pieces), "float64"))
    own = builder.own(squares)

    def piece(number: int) -> Value:
        return Value("squares", SHARED, (1,), "float64", parent=own, shift=8 * number)

    builder.barrier()
    whole = Value("gradients", GRADIENTS, (common,), offset=0, shard=0)
    others = [Value("gradients", GRADIENTS, (common,), offset=0, shard=n) for n in range(1, builder.shards)]
    for other in others[:-1]:
        builder.row(totals.add_gradients, sliced=True, g=whole, other=other)
    if others:
        builder.row(totals.add_and_square, sliced=True, part=piece(0), g=whole, other=others[-1])
    else:
        builder.row(totals.square_sum, sliced=True, part=piece(0), g=whole)
    for number, parameter in enumerate(owned, 1):
        flat = Value(parameter.name, GRADIENTS, (flat_length([parameter]),), parent=parameter, shard=0)
        builder.row(totals.square_sum, sliced=True, part=piece(number), g=flat)
    builder.barrier()
    return builder.array((1,), "norm", "float64"), builder.view(squares, (builder.shards * pieces,))
