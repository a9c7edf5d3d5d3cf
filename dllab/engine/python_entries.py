"""Kernels without JIT: the same entry text, run as plain Python (see core.memory)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from dllab.core import memory
from dllab.core.kernel import Kernel


@cache
def entry_number(kernel: Kernel, precision: str, dtypes: tuple[str, ...]) -> int:
    """The number by which memory.call knows a kernel for these types."""
    scope: dict[str, Any] = {
        **memory.views(),
        "load": memory.load,
        "load_float": memory.load_float,
        "float32": np.float32,
        "float64": np.float64,
        "function": quiet(kernel.function),
    }
    exec(compile(kernel.entry_source(precision, dtypes), f"<entry of {kernel.title}>", "exec"), scope)
    memory.PYTHON_ENTRIES.append(scope["entry"])
    return len(memory.PYTHON_ENTRIES)


def quiet(function: Any) -> Any:
    """Overflow and NaN are results here, as in compiled code, not warnings."""

    def run(*args: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*args)

    return run
