"""Reading and writing memory by address, as kernels' entries and the step loop do it.

These are the plain-Python forms, used without JIT; intrinsics.py gives each its compiled form. Addresses are int64.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from typing import Any

import numpy as np

PYTHON_ENTRIES: list[Callable[[int, int], int]] = []
"""Without JIT a row's entry "address" is a position in this list, plus one (zero marks a barrier row)."""


def load(address: int, index: int) -> int:
    """The int64 at `address + 8 * index`."""
    return ctypes.c_int64.from_address(address + 8 * index).value


def store(address: int, index: int, value: int) -> None:
    """Write an int64."""
    ctypes.c_int64.from_address(address + 8 * index).value = value


def load_float(address: int, index: int) -> float:
    """The float64 at `address + 8 * index`."""
    return ctypes.c_double.from_address(address + 8 * index).value


def store_float(address: int, index: int, value: float) -> None:
    """Write a float64."""
    ctypes.c_double.from_address(address + 8 * index).value = value


def call(entry: int, row: int, sizes: int) -> int:
    """Call a kernel's entry; what it returns is 0 to go on, 1 to stop here."""
    return PYTHON_ENTRIES[entry - 1](row, sizes)


def arrive(barrier: int) -> int:
    """Count this thread in at a barrier and return the number that have arrived so far."""
    cell = ctypes.c_int64.from_address(barrier)
    cell.value += 1
    return cell.value


def look(barrier: int) -> int:
    """How many have arrived at a barrier so far."""
    return load(barrier, 0)


def pause() -> None:
    """Tell the processor that this thread spins."""


def give_way() -> None:
    """Let another thread have this core."""
    time.sleep(0)


def flush_tiny() -> int:
    """Count numbers too small for a normal float as 0 from now on, in this thread; returns what restore_tiny takes.

    Processors take a hundred times as long for such numbers, and squares of small gradients are full of them.
    """
    return 0


def restore_tiny(before: int) -> None:
    """End what flush_tiny began."""


def views() -> dict[str, Callable[[int, tuple[int, ...]], Any]]:
    """`view_float32(address, shape)` and its kin, by name."""
    return {f"view_{name}": _viewer(np.dtype(name)) for name in ("float32", "float64", "int64", "int32", "uint8")}


def _viewer(dtype: np.dtype[Any]) -> Callable[[int, tuple[int, ...]], Any]:
    def view(address: int, shape: tuple[int, ...]) -> Any:
        count = int(np.prod(shape))
        if count == 0:
            return np.empty(shape, dtype)
        memory: Any = (ctypes.c_char * (count * dtype.itemsize)).from_address(address)
        return np.frombuffer(memory, dtype).reshape(shape)

    return view
