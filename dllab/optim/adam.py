"""Adam: momentum and a rate of its own for every parameter."""

from __future__ import annotations

import math
from typing import Any

from dllab.catalogue import Rate
from dllab.core.bits import like, sqrt
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.vecmath import expm1
from dllab.optim.optimizer import Group, Optimizer
from dllab.optim.options import Beta, Epsilon
from dllab.symbols import Value


@device
def move(p: Any, m: Any, v: Any, g: Any, lr: float, log1: float, log2: float, eps: float, decay: float, t: int) -> None:
    """One step of Adam with decoupled weight decay; `log1` and `log2` are the logarithms of beta1 and beta2.

    1 - beta^t is -expm1(t log beta), which float32 gives to full precision where 1 - beta^t itself would lose half of
    its digits; the same holds for 1 - beta.
    """
    one, count = like(lr, 1.0), like(lr, t)
    rest1, rest2 = -expm1(log1), -expm1(log2)
    beta1, beta2 = one - rest1, one - rest2
    step = lr / -expm1(count * log1)
    unbias = one / sqrt(-expm1(count * log2))
    keep = one - lr * decay
    for i in range(p.shape[0]):
        m[i] = beta1 * m[i] + rest1 * g[i]
        v[i] = beta2 * v[i] + rest2 * (g[i] * g[i])
        p[i] = keep * p[i] - step * m[i] / (sqrt(v[i]) * unbias + eps)


@kernel(p="P", m="P", v="P", g="P", lr="", log1="", log2="", eps="", decay="", t=":int64")
def update(p, m, v, g, lr, log1, log2, eps, decay, t):
    """See `move`."""
    move(p, m, v, g, lr, log1, log2, eps, decay, t)


def log_beta(group: Group, beta: float) -> Value:
    """The logarithm of beta as an operand; of 0 it is minus infinity, for which `move` is right too."""
    return group.constant(math.log(beta) if beta > 0 else -math.inf)


class Adam(Optimizer):
    """Adam: m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g^2, p -= lr * m' / (sqrt(v') + eps).

    m' = m / (1 - beta1^t) and v' = v / (1 - beta2^t) at step t = 1, 2, ... make up for the start at 0. The step is the
    mean gradient divided by its size, so it is at most about lr long wherever the surface is smooth: it hardly depends on
    the scale of the loss, and lr 0.001 to 0.01 works nearly everywhere. The default of a recipe that names no optimizer.

        optimizer: adam
        optimizer: {name: adam, lr: 0.01, beta2: 0.99}

    Options: `lr` (0.001), `beta1` (0.9) and `beta2` (0.999, from 0 to below 1), `eps` (1e-8, above 0).
    Source: Kingma and Ba, Adam: a method for stochastic optimization (2015), algorithm 1.
    """

    name = "adam"
    lr: Rate = 0.001
    beta1: Beta = 0.9
    beta2: Beta = 0.999
    eps: Epsilon = 1e-8

    def build(self, group: Group) -> None:
        """One pass; state m and v."""
        self.add_update(group, 0.0)

    def add_update(self, group: Group, decay: float) -> None:
        """The row of an update that also shrinks the parameters by lr times `decay`."""
        group.call(
            update, p=group.p, m=group.slot("m"), v=group.slot("v"), g=group.g, lr=group.lr,
            log1=log_beta(group, self.beta1), log2=log_beta(group, self.beta2), eps=group.constant(self.eps),
            decay=group.constant(decay), t=group.update(),
        )  # fmt: skip
