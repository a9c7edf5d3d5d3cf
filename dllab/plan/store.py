"""What the programs of one plan share: parameters, running state, constants, by name or value."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dllab.symbols import CONSTANTS, Parameter, Value


@dataclass
class Store:
    """What the programs of one plan have in common."""

    shards: int
    outputs: int  # what `classes` and `outputs` stand for
    features: int  # what `features` stands for
    vocabulary: int = 0  # what `vocabulary` stands for; 0: inputs are no ids
    words: tuple[str, ...] = ()  # the text of each id
    itemsize: int = 4
    frozen: tuple[str, ...] = ()
    rate_factors: tuple[tuple[str, float], ...] = ()
    parameters: dict[str, Parameter] = field(default_factory=dict)
    running: dict[str, Value] = field(default_factory=dict)
    fills: dict[str, float] = field(default_factory=dict)
    constants: dict[float, Value] = field(default_factory=dict)
    wholes: dict[int, Value] = field(default_factory=dict)
    vectors: list[tuple[Value, np.ndarray]] = field(default_factory=list)
    shared: dict[str, Value] = field(default_factory=dict)
    own_seed: Value = field(default_factory=lambda: Value("seed", CONSTANTS, (), "int64"))  # alone: it may be changed

    def is_frozen(self, path: str) -> bool:
        """Whether training leaves the layer or parameter of that path as it is."""
        return any(lies_in(path, frozen) for frozen in self.frozen)

    def constant(self, value: float) -> Value:
        """A float64 scalar operand; equal numbers share a place."""
        value = float(value)
        if value not in self.constants:
            self.constants[value] = Value(f"{value:g}", CONSTANTS, (), "float64")
        return self.constants[value]

    def whole(self, value: int) -> Value:
        """An int64 scalar operand."""
        if value not in self.wholes:
            self.wholes[value] = Value(f"{value}", CONSTANTS, (), "int64")
        return self.wholes[value]

    def numbers(self) -> list[Value]:
        """All scalar constants."""
        return [*self.constants.values(), *self.wholes.values(), self.own_seed]


def lies_in(path: str, outer: str) -> bool:
    """Whether a path such as `2_residual.0_dense.w` is `outer` or inside it."""
    return path == outer or path.startswith(f"{outer}.")
