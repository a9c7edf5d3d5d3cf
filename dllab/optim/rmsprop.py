"""RMSprop: a rate of its own for every parameter, from its recent gradients."""

from __future__ import annotations

from dllab.catalogue import Rate
from dllab.core.bits import sqrt
from dllab.core.kernel import kernel
from dllab.optim.optimizer import Group, Optimizer
from dllab.optim.options import Beta, Epsilon


@kernel(p="P", v="P", g="P", lr="", rho="", rest="", eps="")
def update(p, v, g, lr, rho, rest, eps):
    """V = rho v + rest g g, where rest = 1 - rho; p -= lr g / (sqrt(v) + eps)."""
    for i in range(p.shape[0]):
        v[i] = rho * v[i] + rest * (g[i] * g[i])
        p[i] -= lr * g[i] / (sqrt(v[i]) + eps)


class RMSprop(Optimizer):
    """RMSprop: v = rho * v + (1 - rho) * g^2, then p -= lr * g / (sqrt(v) + eps), for every parameter by itself.

    The gradient divided by its recent size, so steep and flat directions move at about the same speed, lr a step.
    Unlike adagrad it forgets. v starts at 0 and is not corrected for it: the first step is lr / sqrt(1 - rho) long, three
    times the later ones at rho 0.9. adam adds the correction and momentum.

        optimizer: {rmsprop: 0.001}

    Options:

    - rho: how much of v a step keeps.
    - eps: added to sqrt(v), so that nothing is divided by 0.

    Source: Tieleman and Hinton, Lecture 6.5: rmsprop, Coursera, Neural networks for machine learning (2012).
    """

    name = "rmsprop"
    lr: Rate = 0.001
    rho: Beta = 0.9
    eps: Epsilon = 1e-8

    def build(self, group: Group) -> None:
        """One pass; state v."""
        rho, rest, eps = group.constant(self.rho), group.constant(1.0 - self.rho), group.constant(self.eps)
        group.call(update, p=group.p, v=group.slot("v"), g=group.g, lr=group.lr, rho=rho, rest=rest, eps=eps)
