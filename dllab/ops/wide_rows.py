"""Short rows, several at a time.

A loop over the 8 channels of one place costs more than the 8 numbers. So arrays (..., F) are gone through in strides of
`length(F)`, whole rows again and again, with what belongs to each feature repeated as often.
"""

from __future__ import annotations

from typing import Any

from dllab.core.device import device

LEAST = 128
"""Numbers of a stride, at least: some vectors, so that what happens once a stride does not count."""


def length(features: int) -> int:
    """A multiple of the features: they themselves where there are many."""
    return features * -(-LEAST // features)


@device
def repeat(wide: Any, of: Any) -> None:
    """Wide (L,) = of (F,), again and again."""
    for at in range(0, wide.shape[0], of.shape[0]):
        part = wide[at : at + of.shape[0]]
        for f in range(part.shape[0]):
            part[f] = of[f]


@device
def zero(wide: Any) -> None:
    """Wide = 0."""
    for i in range(wide.shape[0]):
        wide[i] = 0


@device
def fold(sums: Any, wide: Any) -> None:
    """Sums (F,) = the rows of wide (L,) added up."""
    for f in range(sums.shape[0]):
        sums[f] = 0
    for at in range(0, wide.shape[0], sums.shape[0]):
        part = wide[at : at + sums.shape[0]]
        for f in range(part.shape[0]):
            sums[f] += part[f]
