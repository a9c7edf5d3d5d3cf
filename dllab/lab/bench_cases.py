"""The nets whose training steps are timed, here and in the peers: dense layers with ReLU between, cross-entropy, Adam."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BenchCase:
    """A net (its layer sizes from the input to the classes) and a batch."""

    name: str
    sizes: tuple[int, ...]
    batch: int

    @property
    def multiply_adds(self) -> int:
        """In the products of one step: forward, weight gradients, and input gradients of all layers but the first."""
        layers = [a * b for a, b in zip(self.sizes, self.sizes[1:])]
        return self.batch * (3 * sum(layers) - layers[0])

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return sum((a + 1) * b for a, b in zip(self.sizes, self.sizes[1:]))


CASES = (
    BenchCase("xor", (2, 8, 2), 4),
    BenchCase("spirals", (2, 16, 16, 3), 16),
    BenchCase("digits", (64, 64, 10), 32),
    BenchCase("mnist-mlp", (784, 256, 128, 10), 64),
)
