"""Which pixels a place of a feature map sees, measured: each pixel is changed in turn, and what changes there is kept.

The arithmetic of dllab/lab/receptive.py says how many pixels can matter; here is how many do, and how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.engine.inside import Inside
from dllab.lab.subject import Subject

BASES = 8
"""Pictures of noise that are changed; with one alone a pixel could go unseen, where a ReLU is silent or a pool has a
greater number."""


def effect(subject: Subject, paths: Sequence[str], seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """By layer, how much each pixel (H, W) changes the number in the middle of its map: root mean square over channels."""
    height, width, channels = subject.network.plan.question.inputs.shape
    draw, count = np.random.default_rng(seed), height * width
    found = {path: np.zeros(count) for path in paths}
    targets = np.repeat(subject.data.targets(subject.rows("train")[:1]), count + 1, axis=0)
    for _ in range(BASES):
        x = np.repeat(draw.normal(size=(1, height, width, channels)), count + 1, axis=0)
        pixels = x.reshape(count + 1, count, channels)
        pixels[np.arange(count), np.arange(count)] += draw.choice([-2.0, 2.0], (count, channels))
        inside = Inside.training(subject.network, x, targets)
        for path in paths:
            middle = _middle(inside.output(path))
            found[path] += ((middle[:-1] - middle[-1]) ** 2).mean(axis=-1) / BASES
    return {path: np.sqrt(values).reshape(height, width) for path, values in found.items()}


def extent(effects: NDArray[np.float64]) -> int:
    """How many rows of pixels lie between the first and the last that changes anything, both counted."""
    rows = np.flatnonzero(effects.any(axis=1))
    return int(rows[-1] - rows[0] + 1) if len(rows) else 0


def _middle(maps: NDArray[Any]) -> NDArray[np.float64]:
    """The numbers in the middle of maps (N, H, W, C): (N, C)."""
    return np.asarray(maps[:, maps.shape[1] // 2, maps.shape[2] // 2], np.float64)
