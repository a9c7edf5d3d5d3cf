"""Clipping by norm: shortens a gradient that is too long."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dllab.core.kernel import kernel
from dllab.optim.optimizer import Group, Transform


@kernel(g="P", norm="", max_norm="")
def clip(g, norm, max_norm):
    """G *= max_norm / norm where the norm is larger than that."""
    if norm > max_norm:
        factor = max_norm / norm
        for i in range(g.shape[0]):
            g[i] *= factor


class ClipNorm(Transform):
    """Clipping by norm: g *= min(1, max_norm / |g|), with the norm |g| of the gradient of all parameters together.

    The direction stays, the length is bounded: one bad batch or a cliff of the loss surface cannot throw the net away.
    The usual cure for exploding gradients in recurrent nets. The norm is that of the gradient as backpropagation left
    it, so this link stands first in a chain. After it, adam sees shorter gradients but divides by their size anyway; it
    matters most to sgd and momentum.

        optimizer: [{clip_norm: 1.0}, {sgd: 0.1}]
        train: {clip_norm: 1.0}

    Options:

    - max_norm: the most length of the gradient.

    Source: Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural networks (2013), algorithm 1.
    """

    name = "clip_norm"
    main = "max_norm"
    first = True
    max_norm: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0

    def build(self, group: Group) -> None:
        """One pass over the gradient, only in steps that need it."""
        group.call(clip, g=group.g, norm=group.norm(), max_norm=group.constant(self.max_norm))
