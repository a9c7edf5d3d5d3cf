"""How many straight pieces a net's function of one input has, and weights that fold the line as often as layers allow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dllab.engine.network import Network


def pieces(x: NDArray[np.float64], y: NDArray[np.float64]) -> int:
    """How many straight pieces y (N,) has over x (N,), rising: those whose slopes differ, as far as points tell them apart.

    A kink between two points makes of the step between them one of a slope of its own; so each kink is counted once, if
    there are three points or more from one to the next.
    """
    slopes = np.diff(y) / np.diff(x)
    bends = np.abs(np.diff(slopes)) > 1e-6 * max(float(np.abs(slopes).max(initial=0.0)), 1e-30)
    starts = bends & ~np.concatenate([[False], bends[:-1]])  # a kink inside a step bends it at both of its ends
    return int(starts.sum()) + 1


def fold(network: Network, thirds: bool = False) -> None:
    """Give a net of one input and hidden layers of two ReLU units the weights by which each layer folds the line once more.

    A layer makes the tent of its input, T(x) = 2 relu(x) - 4 relu(x - 1/2): 0 at 0, 1 at 1/2, 0 at 1. k of them on top of
    each other are 2^k pieces between 0 and 1 (Telgarsky 2015, Representation benefits of deep feedforward networks).
    `thirds`: the last hidden layer makes 3 relu(x - 1/3) + 2 relu(2/3 - x) in place of a tent, three pieces of one, and so
    2^(k-1) 3 in all (Montufar and others 2014, On the number of linear regions of deep neural networks).
    """
    weights = [values for label, values in network.parameters.items() if label.endswith(".w")]
    biases = [values for label, values in network.parameters.items() if label.endswith(".b")]
    tent = np.array([2.0, -4.0])
    for place, (w, b) in enumerate(zip(weights, biases)):
        last = place == len(weights) - 1
        came = np.ones(1) if place == 0 else tent  # what makes x, or the tent below, of this layer's inputs
        if w.shape != (len(came), 1 if last else 2):
            raise ValueError(f"a weight of shape {w.shape}: only hidden layers of 2 units, and one output, fold the line")
        w[...] = np.outer(came, np.ones(w.shape[1]))
        b[...] = 0 if last else np.array([0.0, -0.5])
    if thirds:
        weights[-2][:, 1] *= -1
        biases[-2][...] = -1 / 3, 2 / 3
        weights[-1][:, 0] = 3, 2


def scatter(network: Network, seed: int) -> None:
    """Draw the weights of a net of one input and one hidden layer anew, its kinks anywhere from 0 to 1."""
    network.initialise(seed)
    w, b, *_ = network.parameters.values()
    b[...] = -w[0] * np.random.default_rng(seed).random(len(b))


def curve(network: Network, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a net of one input and one output gives for x (N,)."""
    return np.asarray(network.forward(x[:, None])[:, 0], np.float64)
