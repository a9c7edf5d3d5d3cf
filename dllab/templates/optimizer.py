"""MyPart: say in a line how this optimizer steps."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dllab.core.kernel import kernel
from dllab.optim.optimizer import Group, Optimizer

# p, v and g are one long vector each: all parameters that share their options lie side by side.


@kernel(p="P", v="P", g="P", lr="", beta="")
def update(p, v, g, lr, beta):
    """V = beta v + (1 - beta) g; p -= lr v."""
    for i in range(p.shape[0]):
        v[i] = beta * v[i] + (1 - beta) * g[i]
        p[i] -= lr * v[i]


class MyPart(Optimizer):
    """MyPart: v = beta * v + (1 - beta) * g, then p -= lr * v, for a gradient g.

    Say here when to use it. This text is the optimizer's page: `dllab optimizers mypart.py --trust`.

        optimizer: mypart
        optimizer: {name: mypart, lr: 0.05, beta: 0.8}

    Options:

    - beta: how much of the average stays at each step.

    Source: name the paper or book, so that others can check the formula.
    """

    name = "mypart"  # what recipes write; lr is an option of every optimizer
    beta: Annotated[float, Field(ge=0, lt=1)] = 0.9

    def build(self, group: Group) -> None:
        """One pass over the parameters. `slot` is state that begins at 0 and goes into checkpoints."""
        group.call(update, p=group.p, v=group.slot("v"), g=group.g, lr=group.lr, beta=group.constant(self.beta))
