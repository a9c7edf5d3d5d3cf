"""How sharply the loss of a net bends at its weights: the largest and the smallest eigenvalue of its Hessian.

The Hessian H (P, P), the second derivatives by all parameters, is never written down. H v is the difference of two
gradients, (g(w + h v) - g(w - h v)) / 2h, and Lanczos' method finds the ends of its spectrum from a few of those: exactly
after P of them, and long before to many digits, since the ends stand apart. Gradient descent on a quadratic falls for steps
below 2 / largest.

Sources: Lanczos, An iteration method for the solution of the eigenvalue problem (1950); Pearlmutter, Fast exact
multiplication by the Hessian (1994).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dllab.engine.network import Network
from dllab.lab.subject import Subject

PRODUCTS = 20
STEP = 1e-4
NOTHING = 1e-8
"""What is left of a product, as a share of it, that counts as rounding."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Curvature:
    """Of the loss of one batch along the direction in which it bends up most, and along that in which it does least."""

    largest: float
    smallest: float


def curvature(network: Network, x: ArrayLike, y: ArrayLike, products: int = PRODUCTS) -> Curvature:
    """The curvature of the loss of a batch at a net's weights, which are put back. Needs a net in float64."""
    if network.dtype != np.float64:
        raise ValueError(f"curvature takes a net in float64, this one is in {network.dtype}: build it with dtype='float64'")
    kept = {label: values.copy() for label, values in network.parameters.items()}

    def gradient(moved: Numbers) -> Numbers:
        place = 0
        for label, values in network.parameters.items():
            values[...] = kept[label] + moved[place : place + values.size].reshape(values.shape)
            place += values.size
        _, found = network.loss_and_gradients(x, y)
        return np.concatenate([values.reshape(-1) for values in found.values()])

    def bent(v: Numbers) -> Numbers:
        return (gradient(STEP * v) - gradient(-STEP * v)) / (2 * STEP)

    count = sum(values.size for values in kept.values())
    try:
        ends = lanczos(bent, count, products)
    finally:
        gradient(np.zeros(count))
    return Curvature(float(ends[-1]), float(ends[0]))


@dataclass(frozen=True, eq=False)
class Descent:
    """Steps on all training rows at once: `losses` (S,) before each; the `largest` curvatures (L,) before steps `looks`.

    `lr`: that of all steps.
    """

    lr: float
    losses: Numbers
    looks: NDArray[np.int64]
    largest: Numbers


def descent(subject: Subject, share: float, steps: int, every: int, products: int = 12) -> Descent:
    """Let a net descend by its recipe's optimizer, at a share of 2 / largest as it is at the start."""
    rows, net = subject.rows("train"), subject.network
    x, y = subject.data.seen(rows), subject.data.targets(rows)
    lr = share * 2 / curvature(net, x, y, products).largest
    losses, largest = [], []
    for step in range(steps):
        if step % every == 0:
            largest.append(curvature(net, x, y, products).largest)
        losses.append(net.step(x, y, lr=lr))
    return Descent(lr, np.array(losses), np.arange(0, steps, every), np.array(largest))


def lanczos(times: Callable[[Numbers], Numbers], size: int, products: int) -> Numbers:
    """Estimates of eigenvalues of a symmetric matrix, from the smallest up, of which the ends are good.

    `times`: its product with a vector (size,). Every direction is taken off all earlier ones twice, which few can afford.
    """
    direction = np.random.default_rng(0).standard_normal(size)
    basis = [direction / np.linalg.norm(direction)]
    diagonal, beside = list[float](), list[float]()
    while True:
        product = times(basis[-1])
        diagonal.append(float(product @ basis[-1]))
        rest = product
        for _ in range(2):
            rest = rest - np.array(basis).T @ (np.array(basis) @ rest)
        length = float(np.linalg.norm(rest))
        if len(basis) == min(products, size) or not length > NOTHING * np.linalg.norm(product):
            return np.linalg.eigvalsh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
        beside.append(length)
        basis.append(rest / length)
