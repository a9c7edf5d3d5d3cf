"""AdamW: Adam with weight decay that is not scaled by the gradients' size."""

from __future__ import annotations

from dllab.optim.adam import Adam
from dllab.optim.optimizer import Group
from dllab.optim.options import Strength


class AdamW(Adam):
    """AdamW: p = (1 - lr * weight_decay) * p, and the step of adam.

    An l2 penalty in the gradient would be divided by sqrt(v) like all of it, so Adam would shrink weights with large
    gradients least. Here the decay is applied to the weights themselves, alike for all. It follows the schedule, because
    lr does. Biases and gains do not decay.

        optimizer: adamw
        optimizer: {name: adamw, lr: 0.003, weight_decay: 0.1}

    Options:

    - weight_decay: share of a weight that a step takes away, times lr.

    Source: Loshchilov and Hutter, Decoupled weight decay regularization (2019), algorithm 2, with the decay times lr.
    """

    name = "adamw"
    weight_decay: Strength = 0.01

    def build(self, group: Group) -> None:
        """One pass; state m and v."""
        self.add_update(group, self.weight_decay if group.decays else 0.0)
