"""Lion: steps of the sign alone."""

from __future__ import annotations

from dllab.catalogue import Rate
from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.optim.optimizer import Group, Optimizer
from dllab.optim.options import Beta, Strength


@kernel(p="P", m="P", g="P", lr="", beta1="", rest1="", beta2="", rest2="", decay="")
def update(p, m, g, lr, beta1, rest1, beta2, rest2, decay):
    """P = (1 - lr decay) p - lr sign(beta1 m + rest1 g); m = beta2 m + rest2 g; rest is 1 - beta."""
    zero = like(lr, 0.0)
    keep = like(lr, 1.0) - lr * decay
    for i in range(p.shape[0]):
        c = beta1 * m[i] + rest1 * g[i]
        step = lr if c > zero else c  # of c only 0 and NaN are left
        step = -lr if c < zero else step
        p[i] = keep * p[i] - step
        m[i] = beta2 * m[i] + rest2 * g[i]


class Lion(Optimizer):
    """Lion: p = (1 - lr * weight_decay) * p - lr * sign(beta1 * m + (1 - beta1) * g), then m = beta2 * m + (1 - beta2) * g.

    Found by a program search over update rules. Every parameter moves by lr at each step, whatever the gradient's size,
    and one vector of state suffices where adam needs two. The step does not shrink near a minimum, so lr must: take a
    third to a tenth of adam's, and a schedule that ends low. Biases and gains do not decay.

        optimizer: {lion: 0.0003}
        optimizer: {name: lion, lr: 0.0003, weight_decay: 0.1}

    Options:

    - beta1: the share of m in the direction of a step.
    - beta2: how much of m a step keeps.
    - weight_decay: share of a weight that a step takes away, times lr.

    Source: Chen et al., Symbolic discovery of optimization algorithms (2023), algorithm 2.
    """

    name = "lion"
    lr: Rate = 1e-4
    beta1: Beta = 0.9
    beta2: Beta = 0.99
    weight_decay: Strength = 0.0

    def build(self, group: Group) -> None:
        """One pass; state m."""
        constants = {
            "beta1": self.beta1,
            "rest1": 1.0 - self.beta1,
            "beta2": self.beta2,
            "rest2": 1.0 - self.beta2,
            "decay": self.weight_decay if group.decays else 0.0,
        }
        operands = {name: group.constant(value) for name, value in constants.items()}
        group.call(update, p=group.p, m=group.slot("m"), g=group.g, lr=group.lr, **operands)
