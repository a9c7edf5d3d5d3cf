"""The tape: which backward kernels belong to the rows of a program, and where gradients lie while it is replayed.

A gradient is stored by the first that writes it; what others have to say of it goes to scratch and is added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dllab.core.kernel import Kernel
from dllab.plan import totals
from dllab.plan.row import Row
from dllab.symbols import BARRIER, GRADIENTS, WORK, Parameter, Value


@dataclass
class _Taped:
    kernels: Sequence[Kernel | str]
    operands: Mapping[str, Value]
    layer: str


class Tape:
    """Notes of one program, and the gradients of its values. Rows and working values go to the lists it is given."""

    def __init__(self, rows: list[Row], work: list[Value]) -> None:
        self._rows, self._work = rows, work
        self._notes: list[_Taped] = []
        self._gradients: dict[int, Value] = {}
        self._written: set[int] = set()

    def note(self, kernels: Sequence[Kernel | str], operands: Mapping[str, Value], layer: str) -> None:
        """These kernels follow in the backward pass, with these operands and their gradients."""
        self._notes.append(_Taped(kernels, operands, layer))

    def gradient(self, value: Value) -> Value:
        """The array that holds the gradient of `value`."""
        found = self._gradients.get(id(value))
        if found is None and value.parent is not None and not isinstance(value, Parameter):
            whole = self.gradient(value.parent)
            return Value(whole.name, whole.register, value.shape, whole.dtype, parent=whole, shard=whole.shard)
        if found is None:
            if isinstance(value, Parameter):
                found = Value(f"d{value.name}", GRADIENTS, value.shape, parent=value)
            else:
                found = Value(f"d{value.name}", WORK, value.shape)
                self._work.append(found)
            self._gradients[id(value)] = found
        return found

    def set_gradient(self, value: Value, gradient: Value) -> None:
        """Let the gradient of a value be written there."""
        self._gradients[id(value)] = gradient

    def gradients_by_value(self) -> dict[int, Value]:
        """The gradient of every value that has one, by id(value)."""
        return dict(self._gradients)

    def replay(self, barrier: Callable[[], None]) -> None:
        """Add the backward rows, the last note first; `barrier` adds a row at which shards wait for each other."""
        for taped in reversed(self._notes):
            for kernel in taped.kernels:
                if kernel == BARRIER:
                    barrier()
                else:
                    assert isinstance(kernel, Kernel)
                    self._backward_row(kernel, taped)

    def _backward_row(self, kernel: Kernel, taped: _Taped) -> None:
        operands: dict[str, Value] = {}
        additions: list[tuple[Value, Value]] = []
        wanted = False
        for operand in kernel.operands:
            name = operand.name
            if name in taped.operands:
                operands[name] = taped.operands[name]
                continue
            of = taped.operands[name[1:]]
            if is_output(name[1:]):
                operands[name] = self._gradient_to_read(of, taped.layer)
                continue
            operands[name] = self._gradient_to_write(of, additions)
            wanted = wanted or of.needs_gradient
        if not wanted and any(o.name not in taped.operands and not is_output(o.name[1:]) for o in kernel.operands):
            return
        self._rows.append(Row(kernel, operands, taped.layer))
        for to, extra in additions:
            self._rows.append(Row(totals.add_into, {"to": to, "of": extra}, taped.layer))

    def _gradient_to_read(self, of: Value, layer: str) -> Value:
        """The gradient of an output; where nothing reads that output, the gradient is 0."""
        gradient = self.gradient(of)
        root = of
        while root.parent is not None:
            root = root.parent
        if id(root) not in self._written:
            self._written.add(id(root))
            self._rows.append(Row(totals.nothing, {"to": gradient}, layer))
        return gradient

    def _gradient_to_write(self, of: Value, additions: list[tuple[Value, Value]]) -> Value:
        """The gradient itself for its first writer; afterwards scratch, whose content is then added."""
        gradient = self.gradient(of)
        root = of
        while root.parent is not None:
            root = root.parent
        if not of.needs_gradient or id(root) in self._written:
            scratch = Value(f"{gradient.name} (more)", WORK, of.shape)
            self._work.append(scratch)
            if of.needs_gradient:
                additions.append((gradient, scratch))
            return scratch
        self._written.add(id(root))
        return gradient


def is_output(name: str) -> bool:
    """Whether an operand of that name is what a layer gives: `y`, and the last states of recurrent layers beside it."""
    return name in ("y", "y_h", "y_c")
