"""The nets whose training steps are timed, here and in the peers: ReLU between layers, cross-entropy, Adam."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any


@dataclass(frozen=True)
class Conv:
    """A convolution with stride 1; `same` padding or none."""

    units: int
    kernel: int
    same: bool = False


@dataclass(frozen=True)
class Pool:
    """Max pooling over windows of 2 x 2."""


Layer = Conv | Pool | int
"""An int is the units of a dense layer, in front of the first of which pictures are flattened."""


@dataclass(frozen=True)
class BenchCase:
    """A net (the shape of an example, (H, W, C) for pictures; its layers) and a batch."""

    name: str
    input: tuple[int, ...]
    layers: tuple[Layer, ...]
    batch: int

    @property
    def classes(self) -> int:
        """Units of the last layer."""
        last = self.layers[-1]
        assert isinstance(last, int)
        return last

    @property
    def sizes(self) -> tuple[int, ...] | None:
        """Inputs and units of every layer, for a net of dense layers; None for others."""
        dense = tuple(layer for layer in self.layers if isinstance(layer, int))
        return (*self.input, *dense) if len(dense) == len(self.layers) else None

    @property
    def text(self) -> str:
        """The net and its batch, as `784-256-10, 64`; filters as c6, pooling as p."""
        words = ["p" if isinstance(n, Pool) else f"c{n.units}" if isinstance(n, Conv) else str(n) for n in self.layers]
        return "-".join(["x".join(map(str, self.input)), *words]) + f", {self.batch}"

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of one example in front of every layer, flattened where a dense layer follows."""
        found, shape = [], self.input
        for layer in self.layers:
            shape = (prod(shape),) if isinstance(layer, int) else shape
            found.append(shape)
            shape = _after(layer, shape)
        return found

    @property
    def multiply_adds(self) -> int:
        """In the products of one step: forward, weight gradients, and input gradients of all layers but the first."""
        work = [_multiply_adds(layer, shape) for layer, shape in zip(self.layers, self.shapes)]
        return self.batch * (3 * sum(work) - work[0])

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return sum(_parameters(layer, shape) for layer, shape in zip(self.layers, self.shapes))

    @property
    def model(self) -> list[Any]:
        """The layers as a recipe has them."""
        model: list[Any] = []
        flat = len(self.input) == 1
        for layer in self.layers:
            if isinstance(layer, Pool):
                model.append("max_pool")
                continue
            if isinstance(layer, int):
                model += [] if flat else ["flatten"]
                flat = True
                model += [{"dense": layer}, "relu"]
            else:
                padding = "same" if layer.same else "valid"
                model += [{"conv": {"units": layer.units, "kernel": layer.kernel, "padding": padding}}, "relu"]
        return model[:-1]


def _after(layer: Layer, shape: tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(layer, int):
        return (layer,)
    height, width, channels = shape
    if isinstance(layer, Pool):
        return height // 2, width // 2, channels
    less = 0 if layer.same else layer.kernel - 1
    return height - less, width - less, layer.units


def _parameters(layer: Layer, shape: tuple[int, ...]) -> int:
    if isinstance(layer, Pool):
        return 0
    return (shape[0] + 1) * layer if isinstance(layer, int) else (layer.kernel**2 * shape[-1] + 1) * layer.units


def _multiply_adds(layer: Layer, shape: tuple[int, ...]) -> int:
    if isinstance(layer, Pool):
        return 0
    places = 1 if isinstance(layer, int) else prod(_after(layer, shape)[:2])
    units = layer if isinstance(layer, int) else layer.units
    return places * (_parameters(layer, shape) - units)


LETTERS, STEPS, VECTOR, UNITS = 27, 32, 16, 64
"""Of the nets that read text: letters, steps of an example, units of the embedding, of states and of transformers."""

BLOCKS, HEADS, WIDE = 2, 4, 256
"""Of the transformer: blocks, heads, units inside a block's dense layers."""

GATES = {"rnn": 1, "lstm": 4, "gru": 3}


@dataclass(frozen=True)
class TextCase(BenchCase):
    """A net that says at every step which letter comes next: a recurrent one, or a transformer with causal attention."""

    kind: str = "lstm"

    @property
    def sizes(self) -> None:
        """It is no net of dense layers."""
        return None

    @property
    def text(self) -> str:
        """Such as `27-e16-lstm64-27, 32x32`: letters, embedding, state (a block: b), letters; rows and steps of a batch."""
        inside = f"e{VECTOR}-{self.kind}{UNITS}" if self.kind in GATES else f"e{UNITS}" + "-b" * BLOCKS
        return f"{LETTERS}-{inside}-{LETTERS}, {self.batch}x{STEPS}"

    @property
    def multiply_adds(self) -> int:
        """In the products of one step, forward and backward."""
        gates = GATES.get(self.kind, 0) * UNITS
        recurrent = (VECTOR + UNITS) * gates
        block = 4 * UNITS * UNITS + 2 * STEPS * UNITS + 2 * UNITS * WIDE
        return 3 * self.batch * STEPS * ((recurrent if gates else BLOCKS * block) + UNITS * LETTERS)

    @property
    def parameters(self) -> int:
        """Weights, biases and gains."""
        gates = GATES.get(self.kind, 0) * UNITS
        last = (UNITS + 1) * LETTERS
        if gates:
            further = UNITS if self.kind == "gru" else 0  # the candidate's own bias
            return LETTERS * VECTOR + (VECTOR + UNITS + 1) * gates + further + last
        block = 4 * (UNITS + 1) * UNITS + (UNITS + 1) * WIDE + (WIDE + 1) * UNITS + 4 * UNITS
        return (LETTERS + STEPS) * UNITS + BLOCKS * block + last

    @property
    def model(self) -> list[Any]:
        """The layers as a recipe has them."""
        last = {"dense": LETTERS}
        if self.kind in GATES:
            return [{"embedding": {"size": LETTERS, "units": VECTOR}}, {self.kind: UNITS}, last]
        attention = {"residual": ["layer_norm", {"attention": {"heads": HEADS, "causal": True}}]}
        dense = {"residual": ["layer_norm", {"dense": WIDE}, "gelu", {"dense": UNITS}]}
        first = [{"embedding": {"size": LETTERS, "units": UNITS}}, {"positional": "learned"}]
        return [*first, *[attention, dense] * BLOCKS, last]


CASES: tuple[BenchCase, ...] = (
    BenchCase("xor", (2,), (8, 2), 4),
    BenchCase("spirals", (2,), (16, 16, 3), 16),
    BenchCase("digits", (64,), (64, 10), 32),
    BenchCase("mnist-mlp", (784,), (256, 128, 10), 64),
    BenchCase("digits-cnn", (8, 8, 1), (Conv(8, 3, same=True), Pool(), Conv(16, 3, same=True), Pool(), 10), 32),
    BenchCase("lenet", (28, 28, 1), (Conv(6, 5, same=True), Pool(), Conv(16, 5), Pool(), 120, 84, 10), 64),
    TextCase("char-rnn", (STEPS,), (LETTERS,), 32, "rnn"),
    TextCase("char-lstm", (STEPS,), (LETTERS,), 32, "lstm"),
    TextCase("char-gru", (STEPS,), (LETTERS,), 32, "gru"),
    TextCase("transformer", (STEPS,), (LETTERS,), 32, "transformer"),
)
