"""Nesterov: momentum that looks ahead."""

from __future__ import annotations

from dllab.core.kernel import kernel
from dllab.optim.optimizer import Group, Optimizer
from dllab.optim.options import Beta


@kernel(p="P", v="P", g="P", lr="", beta="")
def update(p, v, g, lr, beta):
    """V = beta v + g; p -= lr (g + beta v)."""
    for i in range(p.shape[0]):
        v[i] = beta * v[i] + g[i]
        p[i] -= lr * (g[i] + beta * v[i])


class Nesterov(Optimizer):
    """Nesterov momentum: v = beta * v + g, then p -= lr * (g + beta * v).

    Momentum that steps as if the next velocity were known already: the gradient counts once more than in momentum, so
    the ball brakes earlier at a slope that turns up and swings less. On smooth convex surfaces its rate is the best that
    gradients alone allow; on nets it is momentum, slightly steadier. The parameters kept are the looked-ahead ones, so
    the gradient is taken where the net is.

        optimizer: {nesterov: 0.01}

    Options:

    - beta: how much of the velocity a step keeps; 0 is sgd.

    Source: Nesterov, A method of solving a convex programming problem with convergence rate O(1/k^2) (1983); this form:
    Bengio, Boulanger-Lewandowski, Pascanu, Advances in optimizing recurrent networks (2013).
    """

    name = "nesterov"
    beta: Beta = 0.9

    def build(self, group: Group) -> None:
        """One pass; state v."""
        group.call(update, p=group.p, v=group.slot("v"), g=group.g, lr=group.lr, beta=group.constant(self.beta))
