"""A net that learns row by row, in the same order in every epoch: its mistakes, and whether its weights come back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dllab.engine.network import Network


@dataclass(frozen=True, eq=False)
class Walk:
    """`right`: share of rows that are right after each row was learnt (epochs, N). `corrections`: of each epoch the rows
    that changed a weight. `weights`: at the end of each epoch, all in one row (epochs, P).
    """

    right: NDArray[np.float64]
    corrections: NDArray[np.int64]
    weights: NDArray[np.float64]

    @property
    def converged(self) -> int | None:
        """The first epoch, from 1, that corrects nothing; None: there is none."""
        return next((epoch for epoch, count in enumerate(self.corrections, 1) if count == 0), None)

    @property
    def again(self) -> int | None:
        """The first epoch, from 1, that ends with the weights of an earlier one; None: there is none."""
        seen: set[bytes] = set()
        for epoch, weights in enumerate(self.weights + 0.0, 1):  # -0.0 becomes 0.0
            if weights.tobytes() in seen:
                return epoch
            seen.add(weights.tobytes())
        return None


def walk(network: Network, x: ArrayLike, labels: ArrayLike, epochs: int, seed: int) -> Walk:
    """Learn rows x (N, ...) with labels (N,), one at a time, in an order that is drawn once."""
    inputs, targets = np.asarray(x), np.asarray(labels)
    order = np.random.default_rng(seed).permutation(len(inputs))
    right, corrections, weights = np.empty((epochs, len(order))), np.zeros(epochs, np.int64), []
    for epoch in range(epochs):
        for step, row in enumerate(order):
            before = _flat(network)
            network.step(inputs[[row]], targets[[row]])
            corrections[epoch] += bool((before != _flat(network)).any())
            right[epoch, step] = (_said(network.forward(inputs)) == targets).mean()
        weights.append(_flat(network))
    return Walk(right, corrections, np.array(weights))


def _flat(network: Network) -> NDArray[np.float64]:
    return np.concatenate([values.ravel() for values in network.parameters.values()]).astype(np.float64)


def _said(outputs: NDArray[np.float64]) -> NDArray[np.int64]:
    """The class of each row: of a single output whether it is above 1/2."""
    return (outputs[:, 0] > 0.5).astype(np.int64) if outputs.shape[1] == 1 else outputs.argmax(axis=1)
