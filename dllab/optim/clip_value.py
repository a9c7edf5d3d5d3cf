"""Clipping by value: bounds every entry of the gradient."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dllab.core.kernel import kernel
from dllab.core.vecmath import clamp
from dllab.optim.optimizer import Group, Transform


@kernel(g="P", limit="")
def clip(g, limit):
    """G = g, but at least -limit and at most limit; NaN stays NaN."""
    for i in range(g.shape[0]):
        g[i] = clamp(g[i], -limit, limit)


class ClipValue(Transform):
    """Clipping by value: g = min(max(g, -limit), limit), for every parameter by itself.

    Bounds each entry, so the direction turns: what is clipped loses against what is not. Cruder than clip_norm, but a
    single wild entry leaves the others alone.

        optimizer: [{clip_value: 0.5}, {sgd: 0.1}]
        train: {clip_value: 0.5}

    Options:

    - limit: the most size of each number of the gradient.

    Source: Mikolov, Statistical language models based on neural networks (2012), section 3.2.2.
    """

    name = "clip_value"
    main = "limit"
    limit: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0

    def build(self, group: Group) -> None:
        """One pass over the gradient."""
        group.call(clip, g=group.g, limit=group.constant(self.limit))
