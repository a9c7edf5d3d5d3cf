"""Saliency: how fast the score of a class changes with each number of an input.

    saliency_i = d score / d x_i, by central differences in float64, (score(x + h e_i) - score(x - h e_i)) / 2h

Of a linear net it is the weights, the same for every input; of others it holds near this input only.

Source: Simonyan, Vedaldi, Zisserman, Deep inside convolutional networks: visualising image classification models and
saliency maps (2013).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dllab.engine.network import build
from dllab.lab.subject import Subject

STEP = 1e-4


def saliency(subject: Subject, x: ArrayLike, unit: int) -> NDArray[np.float64]:
    """Of output `unit` by each number of each of the inputs x (N, ...), as the net sees them; (N, ...)."""
    network = build(subject.recipe, dtype="float64")
    for label, values in subject.network.parameters.items():
        network.parameters[label][...] = values
    for label, value in subject.network.plan.store.running.items():
        own = network.plan.store.running[label]
        network.memory.view("running", own)[...] = subject.network.memory.view("running", value)
    inputs = np.asarray(x, np.float64)
    found = np.empty(inputs.shape)
    for row, one in enumerate(inputs):
        moved = np.broadcast_to(one.ravel(), (one.size, one.size)) + STEP * np.eye(one.size)
        back = 2 * one.ravel() - moved
        both = np.concatenate([moved, back]).reshape(-1, *one.shape)
        scores = network.forward(both).reshape(len(both), -1)[:, unit]
        found[row] = ((scores[: one.size] - scores[one.size :]) / (2 * STEP)).reshape(one.shape)
    return found
