"""Marks plain functions that kernels may call. They run as they are without JIT, and compile into their callers with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

DEVICE_FUNCTIONS: list[Callable[..., Any]] = []
SUBROUTINES: set[Callable[..., Any]] = set()


def device(function: F) -> F:
    """Let kernels call `function`. It must be scalar, branch-light and free of allocation.

    The function itself is returned unchanged: in plain Python it stays callable, and numba is imported only
    when something has to be compiled (see compiler.py).
    """
    DEVICE_FUNCTIONS.append(function)
    return function


def subroutine(function: F) -> F:
    """Like `device`, for functions too long to be copied into every caller."""
    SUBROUTINES.add(function)
    return device(function)
