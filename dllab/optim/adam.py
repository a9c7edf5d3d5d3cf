"""Adam: momentum and a rate of its own for every parameter."""

from __future__ import annotations

import math
from typing import Any

from dllab.catalogue import Rate
from dllab.core.bits import like, quick_ratio, quick_sqrt, sqrt
from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.core.vecmath import expm1
from dllab.optim.optimizer import Group, Optimizer
from dllab.optim.options import Beta, Epsilon
from dllab.symbols import Value


@device
def move(
    p: Any, m: Any, v: Any, g: Any, lr: float, beta1: float, rest1: float, log1: float, beta2: float, rest2: float,
    log2: float, eps: float, decay: float, t: int,
) -> None:  # fmt: skip
    """One step of Adam with decoupled weight decay. `rest` is 1 - beta, `log` the logarithm of beta.

    1 - beta^t is -expm1(t log beta): to full precision even in float32 and at any t, where 1 - beta^t itself would lose
    half of its digits. The division of v by it is taken out of the root, so that the loop has one root and one division.
    """
    count = like(lr, t)
    root = sqrt(-expm1(count * log2))
    step = lr * root / -expm1(count * log1)
    floor = eps * root
    keep = like(lr, 1.0) - lr * decay
    for i in range(p.shape[0]):
        m[i] = beta1 * m[i] + rest1 * g[i]
        v[i] = beta2 * v[i] + rest2 * (g[i] * g[i])
        p[i] = keep * p[i] - quick_ratio(step * m[i], quick_sqrt(v[i]) + floor)


@kernel(
    p="P", m="P", v="P", g="P", lr="", beta1="", rest1="", log1="", beta2="", rest2="", log2="", eps="", decay="",
    t=":int64",
)  # fmt: skip
def update(p, m, v, g, lr, beta1, rest1, log1, beta2, rest2, log2, eps, decay, t):
    """See `move`."""
    move(p, m, v, g, lr, beta1, rest1, log1, beta2, rest2, log2, eps, decay, t)


def beta_operands(group: Group, beta1: float, beta2: float) -> dict[str, Value]:
    """What `move` takes of the two betas; the logarithm of 0 is minus infinity, for which it is right too."""
    operands = {}
    for number, beta in ((1, beta1), (2, beta2)):
        operands[f"beta{number}"] = group.constant(beta)
        operands[f"rest{number}"] = group.constant(1.0 - beta)
        operands[f"log{number}"] = group.constant(math.log(beta) if beta > 0 else -math.inf)
    return operands


class Adam(Optimizer):
    """Adam: m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g^2, p -= lr * m' / (sqrt(v') + eps).

    m' = m / (1 - beta1^t) and v' = v / (1 - beta2^t) at step t = 1, 2, ... make up for the start at 0. The step is the
    mean gradient divided by its size, so it is at most about lr long wherever the surface is smooth: it hardly depends on
    the scale of the loss, and lr 0.001 to 0.01 works nearly everywhere. The default of a recipe that names no optimizer.

        optimizer: adam
        optimizer: {name: adam, lr: 0.01, beta2: 0.99}

    Options:

    - beta1: how much of the mean gradient m a step keeps.
    - beta2: how much of the mean square v a step keeps.
    - eps: added to sqrt(v'), so that nothing is divided by 0.

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
            **beta_operands(group, self.beta1, self.beta2), eps=group.constant(self.eps),
            decay=group.constant(decay), t=group.update(),
        )  # fmt: skip
