"""What a batch norm makes of a batch in training and at inference, and how an example's output hangs on its batch-mates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dllab.data.streams import generator
from dllab.lab.subject import Subject

EPS = 1e-5
"""Of a batch norm, unless a recipe says another."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Normed:
    """Of one layer and one batch: inputs `x` (N, F), outputs `y` (N, F), and `inferred` (N, F) for the same rows.

    `seen`: what went in at inference, where the layers below have gone by their running statistics, too. `gain`, `bias`,
    `running_mean`, `running_variance` (F,).
    """

    x: Numbers
    y: Numbers
    seen: Numbers
    inferred: Numbers
    gain: Numbers
    bias: Numbers
    running_mean: Numbers
    running_variance: Numbers

    @property
    def normalised(self) -> Numbers:
        """The outputs without gain and bias."""
        return (self.y - self.bias) / self.gain

    def by_hand(self, eps: float = EPS) -> tuple[Numbers, Numbers]:
        """What the formula says of training, with the batch's own statistics, and of inference, with the running ones."""
        mean, variance = self.x.mean(0), self.x.var(0)
        train = self.gain * (self.x - mean) / np.sqrt(variance + eps) + self.bias
        infer = self.gain * (self.seen - self.running_mean) / np.sqrt(self.running_variance + eps) + self.bias
        return train, infer


def normed(subject: Subject, rows: NDArray[np.int64], path: str) -> Normed:
    """One batch norm of dense layers, looked into. Raises KeyError where that path has none."""
    network = subject.network
    training = subject.backward(rows)
    x, y = training.input(path), training.output(path)
    inference = subject.inference(rows)
    mean, variance = (network.memory.view("running", network.plan.store.running[f"{path}.{name}"]).copy()
                      for name in ("mean", "variance"))  # fmt: skip
    gain, bias = (network.parameters[f"{path}.{name}"].copy() for name in ("gain", "bias"))
    return Normed(x, y, inference.input(path), inference.output(path), gain, bias, mean, variance)


def noise_of_mates(
    subject: Subject, path: str, sizes: Sequence[int], *, draws: int = 60, seed: int = 0, training: bool = True
) -> Numbers:
    """By how much a layer's outputs for the first training row vary with the rest of its batch: (K,), for each size.

    The mean over the outputs of their standard deviations over `draws` batches. `training`: or else at inference.
    """
    rows, stream = subject.rows("train"), generator(seed, "batch-mates")

    def output(size: int) -> Numbers:
        batch = np.concatenate([rows[:1], stream.choice(rows[1:], size - 1, replace=False)])
        inside = subject.backward(batch) if training else subject.inference(batch)
        found: Numbers = inside.output(path)[0].astype(np.float64)
        return found

    return np.array([np.std([output(size) for _ in range(draws)], axis=0).mean() for size in sizes])
