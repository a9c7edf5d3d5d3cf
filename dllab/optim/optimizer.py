"""What an optimizer is: a chain of gradient transforms that ends in a rule that moves the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from dllab.catalogue import Part, Rate
from dllab.core.kernel import Kernel
from dllab.symbols import Value


class Group(Protocol):
    """Parameters that share their options, seen as one flat vector (or, for matrix rules, one matrix after another)."""

    decays: bool
    p: Value  # (P,) parameters
    g: Value  # (P,) gradients; transforms change them in place
    lr: Value  # the live learning rate, scalar

    def slot(self, name: str) -> Value:
        """(P,) state that begins as zeros and is checkpointed, e.g. Adam's m and v."""

    def scratch(self, name: str) -> Value:
        """(P,) memory that need not survive the step."""

    def constant(self, value: float) -> Value:
        """A number of the recipe, as a scalar operand."""

    def update(self) -> Value:
        """Int64 scalar: the number of this update, 1 at the first (bias correction)."""

    def norm(self) -> Value:
        """Float64 scalar: the norm of the whole gradient of this step, all groups together."""

    def matrices(self) -> Sequence[tuple[Group, tuple[int, int]]]:
        """Every two-axis parameter of the group as a group of its own, with its shape."""

    def rest(self) -> Sequence[Group]:
        """What matrices() leaves: biases, gains."""

    def call(self, kernel: Kernel, **operands: Value) -> None:
        """Add a row."""


class Transform(Part):
    """Base of every link of a chain: changes the gradient (or, decoupled, the parameters) before the next link.

    `first`: the link reads what backpropagation left (the norm), so no other may stand before it. `whole_matrices`: it
    asks for `Group.matrices`, so no shard may own a part of one.
    """

    group = "put in front of an optimizer, in a chain"
    first: ClassVar[bool] = False
    whole_matrices: ClassVar[bool] = False

    def build(self, group: Group) -> None:
        """Add this link's rows for one group."""
        raise NotImplementedError


class Optimizer(Transform):
    """Base of the last link: moves the parameters.

    Options:

    - lr: the learning rate, before any schedule.

    `rate_apart`: kernels know the rate by `Group.lr` alone, so that one plan serves every rate.
    """

    group = "optimizers"
    main: ClassVar[str | None] = "lr"
    lr: Rate = 0.01
    rate_apart: ClassVar[bool] = True


def fault_of(chain: Sequence[Transform]) -> tuple[str, str] | None:
    """Why these links make no chain, and what to do about it; None if they do."""
    *before, last = chain
    if not isinstance(last, Optimizer):
        return f"the optimizer ends in {last.name}, which moves no parameters", "let it end in one that does: - adam"
    for place, link in enumerate(before):
        if isinstance(link, Optimizer):
            return f"two optimizers in one chain, {link.name} and {last.name}", "keep one of them, as the last link"
        if link.first and place > 0:
            problem = f"{link.name} after {before[place - 1].name}, but it goes by the gradient as it comes from the loss"
            return problem, f"put {link.name} first"
    return None
