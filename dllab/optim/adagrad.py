"""Adagrad: a rate of its own for every parameter, from all its past gradients."""

from __future__ import annotations

from dllab.core.bits import sqrt
from dllab.core.kernel import kernel
from dllab.optim.optimizer import Group, Optimizer
from dllab.optim.options import Epsilon


@kernel(p="P", h="P", g="P", lr="", eps="")
def update(p, h, g, lr, eps):
    """H += g g; p -= lr g / (sqrt(h) + eps)."""
    for i in range(p.shape[0]):
        h[i] += g[i] * g[i]
        p[i] -= lr * g[i] / (sqrt(h[i]) + eps)


class Adagrad(Optimizer):
    """Adagrad: h += g^2, then p -= lr * g / (sqrt(h) + eps), for every parameter by itself.

    Parameters that rarely have a gradient, such as the embedding of a rare word, keep a large rate; busy ones slow down.
    h only grows, so every rate falls to 0 in the end, as 1 / sqrt(steps): good for convex problems and sparse data, too
    early for deep nets, which is what rmsprop mends.

        optimizer: {adagrad: 0.1}

    Options:

    - eps: added to sqrt(h), so that nothing is divided by 0.

    Source: Duchi, Hazan, Singer, Adaptive subgradient methods for online learning and stochastic optimization (2011).
    """

    name = "adagrad"
    eps: Epsilon = 1e-10

    def build(self, group: Group) -> None:
        """One pass; state h."""
        group.call(update, p=group.p, h=group.slot("h"), g=group.g, lr=group.lr, eps=group.constant(self.eps))
