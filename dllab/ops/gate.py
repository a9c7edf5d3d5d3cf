"""The gate of activations of the form y = x g(x), got back from y: a division instead of an exponential or two."""

from __future__ import annotations

from dllab.core.bits import like
from dllab.core.device import device

LOWEST = -800.0
"""Below this gates are 0 in both precisions; inputs are held above it, since -inf * 0 would be NaN."""

TINY = 1e-30
"""Nearer to 0 than this the gate is 1/2, and y / x may be lost to underflow."""


@device
def gate(y: float, x: float, full: float) -> float:
    """Return y / x, for a gate that is 1/2 at 0 and 1 above `full`. NaN gives NaN."""
    g = like(x, 0.5) if abs(x) < like(x, TINY) else y / x
    return like(x, 1.0) if x > full else g
