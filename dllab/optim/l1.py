"""L1: a penalty on the size of the weights that makes many of them 0."""

from __future__ import annotations

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.optim.optimizer import Group, Transform
from dllab.optim.options import Strength


@kernel(g="P", p="P", strength="")
def add(g, p, strength):
    """G += strength sign(p)."""
    zero = like(strength, 0.0)
    for i in range(g.shape[0]):
        slope = strength if p[i] > zero else p[i]  # of p only 0 and NaN are left
        slope = -strength if p[i] < zero else slope
        g[i] += slope


class L1(Transform):
    """L1 penalty: g += strength * sign(p), the gradient of strength * sum |p|; at 0 itself nothing is added.

    Every weight is pulled to 0 with the same force, so those that matter little end there (within a step's length of 0,
    where they go back and forth), and the net becomes sparse. Biases and gains are not penalised. The penalty is in the
    gradient, not in the loss that is reported.

        optimizer: [{l1: 0.001}, {sgd: 0.1}]
        train: {l1: 0.001}

    Options:

    - strength: the pull on each weight; 0 is none.

    Source: Tibshirani, Regression shrinkage and selection via the lasso (1996).
    """

    name = "l1"
    main = "strength"
    strength: Strength = 1e-4

    def build(self, group: Group) -> None:
        """One pass over the gradients of weights."""
        if group.decays:
            group.call(add, g=group.g, p=group.p, strength=group.constant(self.strength))
