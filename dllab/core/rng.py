"""Random numbers that depend only on what they are for: (seed, stream, step, element), never on order or threads.

A key names one use, such as the dropout of one layer in one step: `key(seed, stream, step)`. Element i under a key is
output i of the splitmix64 generator started at that key, so it can be had directly, in any order, in numpy, in a kernel
or in plain Python, with the same bits. Nothing has to be saved to resume a run.

Keys and raw bits are signed 64-bit integers in kernels, so they fit the int64 tables of a plan.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dllab.core.bits import GOLDEN, MASK64, MIX, hash64
from dllab.core.device import device

# What a key is for. Where one use has several places, nest: key(key(seed, STREAM_DROPOUT, layer), 0, step).
STREAM_INIT = 1
STREAM_SHUFFLE = 2
STREAM_DROPOUT = 3
STREAM_AUGMENT = 4

BLOCK = 1 << 14  # numpy works through this many at a time, so that intermediate arrays stay in the cache


@device
def key(seed: int, stream: int, step: int) -> int:
    """The key of one use: a signed 64-bit integer. Different steps of one stream never share a key."""
    return hash64(hash64(hash64(0, seed), stream), step)


@device
def mix64(z: int) -> int:
    """Scramble 64 bits, one to one: near inputs give unrelated outputs."""
    return hash64(z, -1)


@device
def bits_at(key: int, i: int) -> int:
    """64 random bits for element i, as a signed integer."""
    return hash64(key, i)


@device
def uniform_at(key: int, i: int) -> float:
    """A float64 in [0, 1) for element i, a multiple of 2**-53."""
    return ((hash64(key, i) >> 11) & 0x1FFFFFFFFFFFFF) * 2.0**-53


@device
def shuffle_into(order: Any, key: int) -> None:
    """Fill `order` (N,), an integer array or list, with a random permutation of 0..N-1: Fisher-Yates, inside out.

    Position j of i + 1 is the high half of a 32-bit product, so N must be below 2**31 and each choice is off from
    uniform by less than N * 2**-32. Made for kernels, which reshuffle every epoch; from numpy `permutation` is faster,
    and gives another permutation.
    """
    for i in range(len(order)):
        j = (((hash64(key, i) >> 32) & 0xFFFFFFFF) * (i + 1)) >> 32
        order[i] = order[j]
        order[j] = i


def bits(key: int, n: int) -> NDArray[np.uint64]:
    """Elements 0..n-1 of `bits_at`, as uint64."""
    out = np.arange(1, n + 1, dtype=np.uint64)
    for start in range(0, n, BLOCK):
        z = out[start : start + BLOCK]
        z *= np.uint64(GOLDEN)
        z += np.uint64(key & MASK64)
        z ^= z >> np.uint64(30)
        z *= np.uint64(MIX[0])
        z ^= z >> np.uint64(27)
        z *= np.uint64(MIX[1])
        z ^= z >> np.uint64(31)
    return out


def uniform(key: int, n: int, dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """Return n numbers in [0, 1): float64 with 53 random bits, as `uniform_at`, or float32 with 24."""
    if np.dtype(dtype) == np.float32:
        return (bits(key, n) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
    return (bits(key, n) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(key: int, n: int) -> NDArray[np.float64]:
    """Return n standard normal numbers, float64. The first k are those of `normal(key, k)`.

    Box-Muller: each pair of uniforms (u, v) gives sqrt(-2 log u) times the cosine and the sine of 2*pi*v.
    """
    pairs = uniform(key, 2 * ((n + 1) // 2)).reshape(-1, 2)
    radius = np.sqrt(-2.0 * np.log(1.0 - pairs[:, 0]))  # 1 - u is in (0, 1]
    angle = 2.0 * np.pi * pairs[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)[:n]


def permutation(key: int, n: int) -> NDArray[np.int64]:
    """A random permutation of 0..n-1, by sorting random bits with the position in the low bits to break ties."""
    low = np.uint64((1 << max(n - 1, 0).bit_length()) - 1)
    tagged = bits(key, n)
    tagged &= ~low
    tagged |= np.arange(n, dtype=np.uint64)
    tagged.sort()
    tagged &= low
    return tagged.view(np.int64)
