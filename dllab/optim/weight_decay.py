"""Weight decay: shrinks the weights at every step."""

from __future__ import annotations

from dllab.core.bits import like
from dllab.core.kernel import kernel
from dllab.optim.optimizer import Group, Transform
from dllab.optim.options import Strength


@kernel(p="P", lr="", strength="")
def shrink(p, lr, strength):
    """P *= 1 - lr strength."""
    keep = like(lr, 1.0) - lr * strength
    for i in range(p.shape[0]):
        p[i] *= keep


class WeightDecay(Transform):
    """Weight decay: p *= 1 - lr * strength, before the optimizer's own step and whatever the gradient is.

    Decoupled from the gradient, so it works alike under every optimizer; in front of adam it makes adamw. It follows the
    schedule, because lr does. Biases and gains do not decay.

        optimizer: [{weight_decay: 0.01}, {adam: 0.001}]
        train: {weight_decay: 0.01}

    Options:

    - strength: share of a weight that a step takes away, times lr.

    Source: Loshchilov and Hutter, Decoupled weight decay regularization (2019).
    """

    name = "weight_decay"
    main = "strength"
    strength: Strength = 0.01

    def build(self, group: Group) -> None:
        """One pass over the weights."""
        if group.decays:
            group.call(shrink, p=group.p, lr=group.lr, strength=group.constant(self.strength))
