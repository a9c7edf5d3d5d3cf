"""Compiles small loops with the flags of the lab's kernels, to test the scalar functions that kernels call."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
from numba import types

from dllab.core import compiler
from dllab.core.device import DEVICE_FUNCTIONS
from dllab.core.settings import jit_enabled

JIT = jit_enabled()
KINDS = {np.float32: types.float32, np.float64: types.float64}


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled like a kernel, able to call everything a kernel may call."""
    _teach_numba()
    return compiler.jit(function)


@cache
def loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """`run(x, y)`, which sets y[i] = function(x[i])."""
    return jit(_loop_over(function))


def apply(function: Callable[..., Any], x: np.ndarray) -> np.ndarray:
    """Function of every element of x, compiled."""
    y = np.empty_like(x)
    loop(function)(x, y)
    return y


def machine_code(function: Callable[..., Any], dtype: type) -> list[str]:
    """The instructions of that loop alone, without numba's wrappers."""
    _teach_numba()
    array = types.Array(KINDS[dtype], 1, "C")
    signature = types.void(array, array)
    options = compiler.flags() | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    run = numba.njit(signature, **options)(_loop_over(function))
    (text,) = run.inspect_asm().values()
    return [line.strip() for line in text.splitlines() if re.match(r"\s+[a-z]", line)]


def _teach_numba() -> None:
    compiler._prepare()
    for function in DEVICE_FUNCTIONS:
        compiler._register_device(function)


def _loop_over(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(x, y):
        for i in range(x.shape[0]):
            y[i] = function(x[i])

    return run
