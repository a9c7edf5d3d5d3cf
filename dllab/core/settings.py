"""Switches of the kernel core that come from the environment, and the flags that are part of every digest."""

from __future__ import annotations

import os

FASTMATH = ("arcp", "contract", "nsz", "reassoc")


def jit_enabled() -> bool:
    """False when NUMBA_DISABLE_JIT=1: every kernel then runs as plain Python."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


def bounds_checked() -> bool:
    """True when NUMBA_BOUNDSCHECK=1: an index outside an array stops the run with an error."""
    return os.environ.get("NUMBA_BOUNDSCHECK", "0") not in ("", "0")
