"""L2: a penalty on the squares of the weights."""

from __future__ import annotations

from dllab.core.kernel import kernel
from dllab.optim.optimizer import Group, Transform
from dllab.optim.options import Strength


@kernel(g="P", p="P", strength="")
def add(g, p, strength):
    """G += strength p."""
    for i in range(g.shape[0]):
        g[i] += strength * p[i]


class L2(Transform):
    """L2 penalty: g += strength * p, the gradient of strength / 2 * sum p^2.

    Large weights are pulled back in proportion to their size, so the fit is spread over many small ones and the function
    is smoother. With sgd this is weight_decay of the same strength; with adam it is not, see adamw. Biases and gains are
    not penalised. The penalty is in the gradient, not in the loss that is reported.

        optimizer: [{l2: 0.001}, {sgd: 0.1}]
        train: {l2: 0.001}

    Options:

    - strength: the pull on a weight of 1; 0 is none.

    Source: Krogh and Hertz, A simple weight decay can improve generalization (1991).
    """

    name = "l2"
    main = "strength"
    strength: Strength = 1e-4

    def build(self, group: Group) -> None:
        """One pass over the gradients of weights."""
        if group.decays:
            group.call(add, g=group.g, p=group.p, strength=group.constant(self.strength))
