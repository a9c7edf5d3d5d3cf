"""The augmentations in plain numpy, element by element in float64: what the kernels are compared with."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dllab.core import rng

Array = NDArray[Any]
STREAM = 4


class Draw:
    """The draws of one row: `uniform(i)` and `whole(i, count)` of its key."""

    def __init__(self, seed: int, link: int, step: int, row: int) -> None:
        self.key = rng.bits_at(rng.key(rng.key(seed, STREAM, link), 0, step), row)

    def uniform(self, i: int) -> float:
        return float(rng.uniform(self.key, i + 1)[i])

    def whole(self, i: int, count: int) -> int:
        return int(rng.bits(self.key, i + 1)[i] >> np.uint64(32)) * count >> 32


def shift(x: Array, draw: Draw, down: int, across: int, fill: float) -> Array:
    """X (H, W, C), moved."""
    height, width, channels = x.shape
    a, b = draw.whole(1, 2 * down + 1) - down, draw.whole(2, 2 * across + 1) - across
    y = np.full(x.shape, float(fill))
    for i in range(height):
        for j in range(width):
            for c in range(channels):
                if 0 <= i - a < height and 0 <= j - b < width:
                    y[i, j, c] = x[i - a, j - b, c]
    return y


def warp(x: Array, turn: Array, fill: float) -> Array:
    """X (H, W, C), read through a matrix (4,)."""
    height, width, channels = x.shape

    def pixel(i: int, j: int, c: int) -> float:
        return float(x[i, j, c]) if 0 <= i < height and 0 <= j < width else fill

    y = np.empty(x.shape)
    for i in range(height):
        for j in range(width):
            up, across = i - (height - 1) / 2, j - (width - 1) / 2
            p = (height - 1) / 2 + turn[0] * up + turn[1] * across
            q = (width - 1) / 2 + turn[2] * up + turn[3] * across
            low, left = math.floor(p), math.floor(q)
            for c in range(channels):
                total = 0.0
                for di in (0, 1):
                    for dj in (0, 1):
                        share = (1 - abs(p - low - di)) * (1 - abs(q - left - dj))
                        total += share * pixel(low + di, left + dj, c)
                y[i, j, c] = total
    return y


def turned(draw: Draw, furthest: float) -> Array:
    angle = furthest * (2 * draw.uniform(1) - 1)
    return np.array([math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle)])


def scaled(draw: Draw, furthest: float) -> Array:
    factor = 1 + furthest * (2 * draw.uniform(1) - 1)
    return np.array([1 / factor, 0, 0, 1 / factor])


def cutout(x: Array, draw: Draw, side: int, fill: float) -> Array:
    y = x.astype(np.float64).copy()
    top, left = draw.whole(1, x.shape[0]) - side // 2, draw.whole(2, x.shape[1]) - side // 2
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if top <= i < top + side and left <= j < left + side:
                y[i, j] = fill
    return y


def normals(draw: Draw, count: int) -> Array:
    quantile = NormalDist().inv_cdf
    bits = rng.bits(draw.key, count + 1)[1:] >> np.uint64(12)
    return np.array([quantile((int(b) + 0.5) * 2.0**-52) for b in bits])


def beta(draw: Draw, alpha: float) -> float:
    """Student's t with 2 alpha degrees of freedom after Bailey (1994), put between 0 and 1."""
    t = math.sqrt(2 * alpha * ((1 - draw.uniform(2)) ** (-1 / alpha) - 1)) * math.cos(2 * math.pi * (draw.uniform(3) - 0.5))
    return 0.5 + t / (2 * math.sqrt(2 * alpha + t * t))
