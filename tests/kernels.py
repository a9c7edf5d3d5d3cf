"""Runs single kernels on numpy arrays, compiled and plain, and shows their machine code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dllab.core import native
from dllab.core.kernel import Kernel
from dllab.core.settings import jit_enabled

PRECISIONS = ("float32", "float64")


def run(kernel: Kernel, precision: str = "float32", **operands: Any) -> None:
    """Call the compiled kernel (plain without JIT) once. Operands are C-contiguous arrays, changed in place, or numbers."""
    prepare(kernel, precision, **operands)()


def prepare(kernel: Kernel, precision: str = "float32", **operands: Any) -> Callable[[], Any]:
    """A function that calls the kernel; a scalar that is to change between calls is a one-element array."""
    if not jit_enabled():
        return lambda: plain(kernel, precision, **operands)
    arrays, bound, sizes = [], {}, dict.fromkeys(kernel.letters, 0)
    for operand in kernel.operands:
        value = operands[operand.name]
        if operand.scalar:
            value = np.asarray(value, "int64" if operand.dtype == "int64" else "float64")
        arrays.append(value)
        bound[operand.name] = value.dtype.name
    dtypes = kernel.dtypes(precision, bound)
    for operand, array, dtype in zip(kernel.operands, arrays, dtypes):
        if operand.scalar:
            continue
        assert array.dtype == dtype and array.flags.c_contiguous, f"{operand.name}: {array.dtype}, expected {dtype}"
        for letter, size in zip(operand.dims, _shape(operand.dims, array)):
            name = letter.lstrip("*")
            assert sizes.get(name) in (0, size, None), f"{operand.name}: {name} is {size}, not {sizes[name]}"
            if name in sizes:
                sizes[name] = size
    function = native.NativeFunction(native.kernel_address(kernel, precision, dtypes), 2)
    addresses = [array.ctypes.data for array in arrays]
    row = np.array([0, *addresses, *range(len(sizes))], np.int64)
    live = np.array([*sizes.values(), 0], np.int64)
    keep = (row, live, arrays)
    return lambda: function(keep[0].ctypes.data, keep[1].ctypes.data)


def plain(kernel: Kernel, precision: str = "float32", **operands: Any) -> Any:
    """Call the kernel's Python function, with the scalars and the flattened views that an entry would hand over."""
    arguments = []
    for operand in kernel.operands:
        value = operands[operand.name]
        if operand.scalar:
            value = int(value) if operand.dtype == "int64" else np.dtype(precision).type(value)
        else:
            value = value.reshape(_shape(operand.dims, value))  # a view: operands are C-contiguous
        arguments.append(value)
    with np.errstate(all="ignore"):  # overflow and NaN are results, as in compiled code
        return kernel.function(*arguments)


def assembly(kernel: Kernel, precision: str = "float32") -> str:
    """The machine code of a kernel of floats (and int64 scalars), without its entry."""
    import numba
    from numba import types

    from dllab.core import compiler, device

    compiler._prepare()
    for function in device.DEVICE_FUNCTIONS:
        compiler._register_device(function)
    kinds: list[Any] = []
    for operand, dtype in zip(kernel.operands, kernel.dtypes(precision, {})):
        if operand.scalar:
            kinds.append(types.int64 if dtype == "int64" else getattr(types, precision))
        else:
            kinds.append(types.Array(getattr(types, dtype), len(operand.dims), "C"))
    options = {**compiler.flags(), "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled = numba.njit(tuple(kinds), **options)(kernel.function)
    return str(compiled.inspect_asm(compiled.signatures[0]))


def _shape(dims: tuple[str, ...], array: np.ndarray) -> tuple[int, ...]:
    if not dims[0].startswith("*"):
        return array.shape
    leading = array.ndim - len(dims) + 1
    return (int(np.prod(array.shape[:leading])), *array.shape[leading:])
