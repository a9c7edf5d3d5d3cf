"""Features of pictures that people have thought out: what is summed up, and where edges run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ZONES = 4
"""Zones along each side of a picture."""

Array = NDArray[Any]


def sums(images: Array) -> Array:
    """The ink of each row, each column and each of ZONES x ZONES zones of pictures (N, H, W), side by side (N, F)."""
    return np.concatenate([images.sum(axis=2), images.sum(axis=1), zones(images[..., None])], axis=1)


def edges(images: Array) -> Array:
    """How much brighter or darker it gets to the right and downwards, in each zone: four numbers each, (N, 4 ZONES^2).

    A coarse form of what Dalal and Triggs, Histograms of oriented gradients for human detection (2005), made of it.
    """
    right, down = np.diff(images, axis=2, prepend=0), np.diff(images, axis=1, prepend=0)
    return zones(np.maximum(np.stack([right, -right, down, -down], axis=-1), 0))


def zones(maps: Array) -> Array:
    """The sum of each map of (N, H, W, C) over each zone, (N, C ZONES^2); what does not fill one is left out."""
    count, height, width, kinds = maps.shape
    down, across = height // ZONES, width // ZONES
    cut = maps[:, : ZONES * down, : ZONES * across].reshape(count, ZONES, down, ZONES, across, kinds)
    return np.asarray(cut.sum(axis=(2, 4)).reshape(count, -1))
