"""What this machine could do at best: products and memory traffic on all cores, measured in the lab's own kernels.

Source: Williams, Waterman, Patterson, Roofline: an insightful visual performance model (2009).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dllab.core.blas import gemm
from dllab.core.kernel import Kernel, kernel
from dllab.core.native import NativeFunction, kernel_address
from dllab.engine.executor import free_cores

SIDE = 512  # of the square matrices whose product is timed
SECONDS = 0.01  # that one timed call takes, about
REPEATS = 15


@dataclass(frozen=True)
class Roofline:
    """`flops`: additions and multiplications a second in products; `bytes`: read and written a second in a pass."""

    cores: int
    flops: float
    bytes: float

    def seconds(self, flops: float, traffic: float) -> float:
        """The time that so much of both takes, one after the other."""
        return flops / self.flops + traffic / self.bytes


@kernel(y="S S", a="S S", b="S S", times=":int64")
def product(y, a, b, times):
    """Y = a b, again and again."""
    for _ in range(times):
        gemm(y, a, b, False, False, False)


@kernel(p="N", m="N", v="N", g="N", times=":int64")
def traffic(p, m, v, g, times):
    """What an update of Adam reads and writes, with next to no arithmetic, again and again."""
    for _ in range(times):
        for i in range(p.shape[0]):
            m[i] += g[i]
            v[i] -= g[i]
            p[i] += m[i]


def adam_bytes(numbers: int) -> int:
    """Bytes that one update of Adam moves: p, m, v and g in, p, m and v out."""
    return 7 * 4 * numbers


def measure(numbers: int) -> Roofline:
    """The roofline of all free cores. `numbers`: parameters of the net whose update is to be judged."""
    cores = free_cores()
    share = max(64, numbers // cores)
    rng = np.random.default_rng(0)
    matrices = [[rng.random((SIDE, SIDE), np.float32) for _ in range(3)] for _ in range(cores)]
    vectors = [[rng.random(share, np.float32) for _ in range(4)] for _ in range(cores)]
    per_product = _fastest([_caller(product, arrays, SIDE) for arrays in matrices])
    per_pass = _fastest([_caller(traffic, arrays, share) for arrays in vectors])
    return Roofline(cores, cores * 2 * SIDE**3 / per_product, cores * adam_bytes(share) / per_pass)


def _caller(kernel: Kernel, arrays: Sequence[np.ndarray], size: int) -> Callable[[int], None]:
    """A function that has the kernel do its work so many times on these arrays."""
    dtypes = tuple("int64" if o.scalar else "float32" for o in kernel.operands)
    function = NativeFunction(kernel_address(kernel, "float32", dtypes), 2)
    times, sizes = np.zeros(1, np.int64), np.array([size], np.int64)
    row = np.array([0, *(a.ctypes.data for a in arrays), times.ctypes.data, 0], np.int64)

    kept = (row, arrays)  # memory that is known by its address only

    def call(count: int) -> None:
        times[0] = count
        function(kept[0].ctypes.data, sizes.ctypes.data)

    return call


def _fastest(calls: Sequence[Callable[[int], None]]) -> float:
    """Seconds for one repetition when all calls run at once, one on each core; the best of several tries."""
    count = 1
    while _together(calls, count) < SECONDS:
        count *= 2
    return min(_together(calls, count) for _ in range(REPEATS)) / count


def _together(calls: Sequence[Callable[[int], None]], count: int) -> float:
    """How long the slowest of them takes when all start at once."""
    start, seconds = threading.Barrier(len(calls)), [0.0] * len(calls)

    def run(place: int) -> None:
        start.wait()
        began = time.perf_counter()
        calls[place](count)
        seconds[place] = time.perf_counter() - began

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(seconds)
