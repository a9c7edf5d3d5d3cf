"""Momentum: gradient descent with a heavy ball."""

from __future__ import annotations

from dllab.core.kernel import kernel
from dllab.optim.optimizer import Group, Optimizer
from dllab.optim.options import Beta


@kernel(p="P", v="P", g="P", lr="", beta="")
def update(p, v, g, lr, beta):
    """V = beta v + g; p -= lr v."""
    for i in range(p.shape[0]):
        v[i] = beta * v[i] + g[i]
        p[i] -= lr * v[i]


class Momentum(Optimizer):
    """Momentum (heavy ball): v = beta * v + g, then p -= lr * v.

    The velocity v sums past gradients: what they agree on grows up to 1 / (1 - beta) times, what keeps changing sign
    cancels. It crosses narrow valleys in about the square root of the steps SGD needs; a lower lr than SGD's suits it,
    by about 1 - beta. v starts at 0, as in PyTorch's SGD.

        optimizer: {momentum: 0.01}
        optimizer: {name: momentum, lr: 0.01, beta: 0.95}

    Options:

    - beta: how much of the velocity a step keeps; 0 is sgd.

    Source: Polyak, Some methods of speeding up the convergence of iteration methods (1964); the form without a factor
    on g: Sutskever, Martens, Dahl, Hinton, On the importance of initialization and momentum in deep learning (2013).
    """

    name = "momentum"
    beta: Beta = 0.9

    def build(self, group: Group) -> None:
        """One pass; state v."""
        group.call(update, p=group.p, v=group.slot("v"), g=group.g, lr=group.lr, beta=group.constant(self.beta))
