"""Perceptron: Rosenblatt's rule."""

from __future__ import annotations

from dllab.catalogue import Rate
from dllab.optim.sgd import SGD


class Perceptron(SGD):
    """Rosenblatt's rule: where the answer is wrong, w += lr * s * x and b += lr * s, with s = 1 or -1 for the true class.

    The slope of a step unit is 0, so there is no gradient through it; the rule is gradient descent on another function,
    the loss of the same name, whose gradient is -s * x on a wrong answer and 0 on a right one. Use the two together, with
    a batch of 1 for the rule as published. On classes that a line separates the number of mistakes is finite, whatever
    lr is; on XOR the weights go round in a cycle for ever.

        model: [{dense: {units: 1, init: zeros}}, step]
        loss: perceptron
        optimizer: perceptron
        train: {batch: 1}

    Options:

    - lr: from zero weights it only scales them, so it changes no answer.

    Source: Rosenblatt, The perceptron: a probabilistic model for information storage and organization in the brain (1958);
    Novikoff, On convergence proofs for perceptrons (1962).
    """

    name = "perceptron"
    lr: Rate = 1.0
