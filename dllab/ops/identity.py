"""Identity: what comes in goes out."""

from __future__ import annotations

from dllab.ops.layer import Layer
from dllab.symbols import Net, Value


class Identity(Layer):
    """Identity: y = x. Costs nothing, since it adds nothing to the plan.

    Stands for "no activation" where another recipe has one, gives a name to a place in the net for `from:`, and is the
    branch that passes its input on unchanged.

        - dense: 32
        - identity
        - dense: classes

    Source: He, Zhang, Ren, Sun, Identity mappings in deep residual networks (2016).
    """

    name = "identity"
    group = "blocks and paths"

    def build(self, net: Net, x: Value) -> Value:
        """The input itself."""
        return x
