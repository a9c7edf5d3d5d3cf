"""One layer in one step, as explanations see it: its rows of the program, and the numbers of all they read and write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine.binding import view_of
from dllab.lab.explain_step import Moment
from dllab.lab.explanation import Block
from dllab.plan import totals
from dllab.plan.flow import LayerInfo
from dllab.plan.row import Row
from dllab.symbols import CONSTANTS, GRADIENTS, RUNNING, WORK, Parameter, Value

Array = NDArray[Any]
Place = tuple[int, ...]


@dataclass(frozen=True)
class Told:
    """What there is to tell of a layer: going forward, going backward, and the place that was chosen, in words."""

    forward: tuple[Block, ...]
    backward: tuple[Block, ...]
    chosen: str = ""


@dataclass
class Here:
    """A layer at a moment. `n`: the example's row of the batch. `place`: the number of its output that is looked at.

    `full`: tell of all numbers. `most`: terms of a sum that are written out.
    """

    moment: Moment
    info: LayerInfo
    n: int
    place: Place
    full: bool
    most: int

    # ---- rows and what they read -----------------------------------------------------------------------------------

    @property
    def rows(self) -> list[Row]:
        """Of the way forward."""
        program = self.moment.inside.program
        return [row for row in program.rows[: program.backward] if row.kernel is not None and row.layer == self.info.path]

    def row(self, *kernels: Any) -> Row | None:
        """The first row of one of these kernels."""
        return next((row for row in self.rows if row.kernel in kernels), None)

    def backward_row(self, *kernels: Any) -> Row | None:
        """The first row of the way back of one of these kernels."""
        program = self.moment.inside.program
        found = [row for row in program.rows[program.backward :] if row.kernel in kernels]
        return next((row for row in found if row.layer == self.info.path), None)

    def read(self, row: Row, name: str) -> Array:
        """What an operand of a row holds, in float64."""
        return self.numbers(row.operands[name])

    def numbers(self, value: Value) -> Array:
        """What a value holds before the update."""
        root = value
        while root.parent is not None and not isinstance(root, Parameter):
            root = root.parent
        shape = [int(size) if not isinstance(size, str) else self.moment.rows for size in value.shape]
        if root.register == CONSTANTS:
            return self._constant(root).reshape(shape)
        if isinstance(root, Parameter) and root.register != GRADIENTS:
            return self.moment.before[root.label].astype(np.float64).reshape(shape)
        if root.register == RUNNING:
            return self._running(value)
        assert root.register == WORK, f"{value.name} lies in {root.register}"
        return self.moment.inside.numbers(value).astype(np.float64)

    def _running(self, value: Value) -> Array:
        memory = self.moment.network.memory
        return view_of(memory.arrays[RUNNING], value, self.moment.network.dtype).astype(np.float64)

    def _constant(self, value: Value) -> Array:
        store = self.moment.network.plan.store
        for number, known in [*store.constants.items(), *store.wholes.items()]:
            if known is value:
                return np.array(number, np.float64)
        return next(np.array(numbers, np.float64) for known, numbers in store.vectors if known is value)

    def gradient(self, value: Value) -> Array | None:
        """The loss's gradient by a value, None where there is none."""
        gradients = self.moment.inside.program.gradients
        whole = value
        while (found := gradients.get(id(whole))) is None and whole.parent is not None:
            whole = whole.parent
        if found is None or not value.needs_gradient:
            return None
        if found.register == GRADIENTS:
            assert isinstance(whole, Parameter)
            return self.moment.gradients[whole.label].astype(np.float64)
        shape = [self.moment.rows if isinstance(size, str) else size for size in value.shape]
        held = self.moment.overwritten.get(id(found))
        numbers = self.moment.inside.numbers(found) if held is None else held
        return numbers.astype(np.float64).reshape(shape)

    # ---- the layer's own -------------------------------------------------------------------------------------------

    @property
    def x(self) -> Array:
        """What comes in, of the whole batch."""
        return self.numbers(self.info.input)

    @property
    def y(self) -> Array:
        """What goes out, of the whole batch."""
        return self.numbers(self.info.output)

    @property
    def dx(self) -> Array | None:
        """The gradient of what comes in, if this layer alone has made it."""
        return None if self.adds_up(self.info.input) else self.gradient(self.info.input)

    def adds_up(self, value: Value) -> bool:
        """Whether several layers' gradients by a value are added, so that what one of them said is not there any more."""
        program = self.moment.inside.program
        found = program.gradients.get(id(_root(value)))
        rows = program.rows[program.backward : program.probe]
        return found is not None and any(
            row.kernel is totals.add_into and _root(row.operands["to"]) is found for row in rows
        )

    @property
    def dy(self) -> Array | None:
        """The gradient of what goes out."""
        return self.gradient(self.info.output)

    def label(self, name: str) -> str | None:
        """The label of a parameter of this layer; None where it has none of that name."""
        return next((p.label for p in self.info.parameters if p.label.rpartition(".")[2] == name), None)

    def weight(self, name: str) -> Array | None:
        """A parameter before the update."""
        label = self.label(name)
        return None if label is None else self.moment.before[label].astype(np.float64)

    def slope(self, name: str) -> Array | None:
        """A parameter's gradient, None where it has none or is frozen."""
        label = self.label(name)
        frozen = any(p.label == label and p.frozen for p in self.info.parameters)
        return None if label is None or frozen else self.moment.gradients[label].astype(np.float64)

    def steps(self) -> int:
        """Of a sequence: how many steps this example has."""
        lengths = self.info.output.lengths or self.info.input.lengths
        whole = int(self.info.input_shape[1])
        return whole if lengths is None else int(self.moment.inside.numbers(lengths)[self.n])


def _root(value: Value) -> Value:
    while value.parent is not None:
        value = value.parent
    return value


def at(*places: int) -> str:
    """An index as it is shown, counted from 1: [1,3]."""
    return "[" + ",".join(str(place + 1) for place in places) + "]"
