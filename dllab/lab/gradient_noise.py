"""How far the gradient of a batch lies from that of all examples, measured, and as sampling theory has it.

    E |g_B - g|^2 = sigma^2 / B * (N - B) / (N - 1)

for batches of B drawn from N examples without replacement; sigma^2 is the mean of |g_i - g|^2 over the examples. Drawn with
replacement, the last factor is 1.

Source: Cochran, Sampling techniques (1977), theorem 2.2, for every number of the gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dllab.data.streams import generator
from dllab.engine.network import Network

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GradientNoise:
    """Of batches of `sizes` (K,) from `examples`: mean squared distances as `measured` (K,) and as `predicted` (K,).

    `single`: sigma^2. `length`: of the gradient of all examples.
    """

    sizes: tuple[int, ...]
    examples: int
    single: float
    length: float
    measured: Numbers
    predicted: Numbers


def gradient_noise(network: Network, x: ArrayLike, y: ArrayLike, sizes: Sequence[int], *, draws: int = 300, seed: int = 0,
                   replacement: bool = False) -> GradientNoise:  # fmt: skip
    """Draw batches of these examples, with the weights as they are, and take the gradient of each by the engine.

    What is predicted is always for batches without replacement. Of all examples at once there is but one batch.
    """
    x, y = np.asarray(x), np.asarray(y)
    n, stream = len(x), generator(seed, "gradient noise")

    def gradient(rows: NDArray[np.int64]) -> Numbers:
        _, found = network.loss_and_gradients(x[rows], y[rows])
        return np.concatenate([values.ravel() for values in found.values()]).astype(np.float64)

    def distance(rows: NDArray[np.int64]) -> float:
        return float(np.square(gradient(rows) - whole).sum())

    whole = gradient(np.arange(n))
    single = float(np.mean([distance(np.array([row])) for row in range(n)]))
    times = [draws if size < n or replacement else 1 for size in sizes]
    measured = np.array([
        np.mean([distance(stream.choice(n, size, replace=replacement)) for _ in range(count)])
        for size, count in zip(sizes, times)
    ])  # fmt: skip
    b = np.asarray(sizes, np.float64)
    predicted = single / b * (n - b) / max(n - 1, 1)
    return GradientNoise(tuple(sizes), n, single, float(np.linalg.norm(whole)), measured, predicted)
