"""Kernels that add what shards found: gradients, their norm, the loss; and the check that stops a diverging run."""

from __future__ import annotations

import sys

import numpy as np

from dllab.core.bits import like, sqrt
from dllab.core.device import device
from dllab.core.kernel import kernel

TINY, HUGE = 1e-30, 1e30
LARGEST = sys.float_info.max


@device
def square_total(g):
    """The sum of squares, in the precision of g unless that would overflow or vanish."""
    if g.shape[0] == 0:
        return 0.0
    total = like(g[0], 0.0)
    for i in range(g.shape[0]):
        total += g[i] * g[i]
    if TINY < total < HUGE:
        return 1.0 * total
    wide = 0.0
    for i in range(g.shape[0]):
        value = np.float64(g[i])  # float(g[i]) would stay as narrow as it is
        wide += value * value
    return wide


@kernel(part="1:float64", g="P")
def square_sum(part, g):
    """The shard's share of the squared gradient norm."""
    part[0] = square_total(g)


@kernel(g="P", other="P")
def add_gradients(g, other):
    """Add another shard's gradients to the first one's."""
    for i in range(g.shape[0]):
        g[i] += other[i]


@kernel(part="1:float64", g="P", other="P")
def add_and_square(part, g, other):
    """Add the last other shard's gradients, and square the sum, in one pass."""
    for i in range(g.shape[0]):
        g[i] += other[i]
    part[0] = square_total(g)


@kernel(True, losses="H:float64", norms="H:float64", norm="1:float64", parts="S:float64", squares="Q:float64",
        step=":int64", shard=":int64")  # fmt: skip
def check(losses, norms, norm, parts, squares, step, shard):
    """Total loss and gradient norm of this step; stops the run where either is not finite."""
    loss, square = 0.0, 0.0
    for i in range(parts.shape[0]):
        loss += parts[i]
    for i in range(squares.shape[0]):
        square += squares[i]
    norm[0] = sqrt(square)
    if shard == 0:
        losses[step % losses.shape[0]] = loss
        norms[step % norms.shape[0]] = norm[0]
    total = loss + square
    # by comparison, which a NaN fails: math.isfinite asks x - x, and that is 0 where sums may be reordered
    return not -LARGEST <= total <= LARGEST


@kernel(losses="H:float64", parts="S:float64", step=":int64")
def keep_loss(losses, parts, step):
    """Total loss of this batch, when nothing is trained."""
    loss = 0.0
    for i in range(parts.shape[0]):
        loss += parts[i]
    losses[step % losses.shape[0]] = loss


@kernel(to="*N")
def nothing(to):
    """The gradient of what nobody reads."""
    for i in range(to.shape[0]):
        to[i] = 0


@kernel(to="*N", of="*N")
def add_into(to, of):
    """A further gradient of something that is used more than once."""
    for i in range(to.shape[0]):
        to[i] += of[i]


@kernel(out="1:float64", lr=":float64", factor=":float64")
def rate_of_group(out, lr, factor):
    """The learning rate of a group of parameters with a factor of its own."""
    out[0] = lr * factor
