"""SGD: plain gradient descent."""

from __future__ import annotations

from dllab.core.kernel import kernel
from dllab.optim.optimizer import Group, Optimizer


@kernel(p="P", g="P", lr="")
def update(p, g, lr):
    """P -= lr g."""
    for i in range(p.shape[0]):
        p[i] -= lr * g[i]


class SGD(Optimizer):
    """Stochastic gradient descent: p -= lr * g.

    A step against the gradient of the batch, as long as the gradient is steep. No state, one knob. On a bowl of largest
    curvature L it falls for lr below 2 / L and blows up above; in a narrow valley the steep direction sets lr and the
    flat one crawls, which momentum and adam ease.

        optimizer: {sgd: 0.1}

    Source: Robbins and Monro, A stochastic approximation method (1951).
    """

    name = "sgd"

    def build(self, group: Group) -> None:
        """One pass over the parameters."""
        group.call(update, p=group.p, g=group.g, lr=group.lr)
