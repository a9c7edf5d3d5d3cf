"""Compiles kernels to native object code. Imported only when something is not in the cache yet: it brings numba in.

One set of flags for everything, callers and callees alike: numba lets fastmath and error_model leak from a caller into
callees that set none. NaN and inf stay meaningful (no nnan, no ninf): divergence is found by looking for them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from numba import types
from numba.extending import overload

from dllab.core import bits_numba, blas, blas_numba, intrinsics, native, tile_numba
from dllab.core.cache import Entry, modules_behind
from dllab.core.device import DEVICE_FUNCTIONS, SUBROUTINES
from dllab.core.kernel import Kernel
from dllab.core.settings import FASTMATH, bounds_checked, jit_enabled

MAY_STAY_OPEN = {
    "dllab_sgemm", "dllab_dgemm", "dllab_give_way", "memset", "memcpy", "memmove", "pow", "powf",
    *(f"dllab_{name}_{precision}" for name in tile_numba.MADE for precision in ("float32", "float64")),
}  # fmt: skip
"""Symbols that object code may leave to the loader (native.py resolves them)."""


def use_full_vectors() -> None:
    """Have LLVM use 512-bit vectors where there are some; for some processors it halves them of its own accord.

    The products run on full vectors anyway. Numba reads this when it compiles for the first time in a process.
    """
    features = llvm.get_host_cpu_features()
    if features.get("avx512f") and numba.config.CPU_FEATURES is None:
        numba.config.CPU_NAME = llvm.get_host_cpu_name()
        numba.config.CPU_FEATURES = f"{features.flatten()},-prefer-256-bit"


use_full_vectors()


def flags() -> dict[str, Any]:
    """The compiler flags of every function of the lab."""
    return {"fastmath": set(FASTMATH), "error_model": "numpy", "boundscheck": bounds_checked(), "nogil": True}


def jit(function: Callable[..., Any]) -> Any:
    """numba.njit with the lab's flags."""
    return numba.njit(**flags())(function)


NUMBA = "0.68"
"""The series whose private interface is used here: `_nrt`, the library's final module and its object code."""


@cache
def check_numba() -> None:
    """Compile a small function and call it by address. Raises KernelError if this numba does not do what is needed."""
    if not jit_enabled():
        return
    advice = f"install the one dllab is made for: pip install 'numba=={NUMBA}.*'"
    if not numba.__version__.startswith(f"{NUMBA}."):
        raise native.KernelError(f"numba {numba.__version__} cannot compile dllab's kernels; {advice}")
    try:
        function = native.NativeFunction(native.load(_object_code(_shifted, 2, _shifted)), 2)
        works = function(40, 2) == _shifted(40, 2)
    except Exception as error:
        raise native.KernelError(f"numba {numba.__version__} failed its self-check ({error}); {advice}") from error
    if not works:
        raise native.KernelError(f"numba {numba.__version__} failed its self-check (a wrong result); {advice}")


def _shifted(a: int, b: int) -> int:
    return a << b


@cache
def _prepare() -> dict[str, Any]:
    """Teach numba the lab's own functions, once; return what entries may name."""
    check_numba()
    intrinsics.register()
    blas_numba.register()
    bits_numba.register()
    tile_numba.register()
    for function in DEVICE_FUNCTIONS:
        _register_device(function)
    return {
        **intrinsics.compiled_views(),
        **{name: getattr(intrinsics.memory, name) for name in ("load", "load_float")},
        "float32": np.float32,
        "float64": np.float64,
    }


_known: set[int] = set()


def _register_device(function: Callable[..., Any]) -> None:
    if id(function) in _known:
        return
    _known.add(id(function))
    count = function.__code__.co_argcount
    names = ", ".join(function.__code__.co_varnames[:count])
    scope: dict[str, Any] = {"function": function}
    exec(f"def form({names}): return function", scope)  # overload needs the exact signature
    options = {**flags(), "forceinline": function not in SUBROUTINES}  # what is not inlined keeps loops scalar
    overload(function, jit_options=options, strict=False)(scope["form"])


def compile_kernel(kernel: Kernel, precision: str, dtypes: tuple[str, ...]) -> Entry:
    """Object code of a kernel's entry for these operand types."""
    scope = dict(_prepare())
    for function in DEVICE_FUNCTIONS:  # a layer imported since the last compilation may have brought some
        _register_device(function)
    scope["function"] = jit(kernel.function)
    exec(compile(kernel.entry_source(precision, dtypes), f"<entry of {kernel.title}>", "exec"), scope)
    return _object_code(scope["entry"], 2, kernel.function)


def compile_loop(function: Callable[..., Any], arguments: int) -> Entry:
    """Object code of a function of int64 arguments that returns an int64."""
    _prepare()
    return _object_code(function, arguments, function)


def _object_code(function: Callable[..., Any], arguments: int, python: Callable[..., Any]) -> Entry:
    native.provide_symbols(("dllab_sgemm",) if blas in modules_behind(python) else ())
    signature = types.int64(*[types.int64] * arguments)
    compiled = numba.njit(signature, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False, **flags())(function)
    result = compiled.overloads[tuple([types.int64] * arguments)]
    open_symbols = {
        f.name for f in result.library._final_module.functions if f.is_declaration and not f.name.startswith("llvm.")
    }
    if not open_symbols <= MAY_STAY_OPEN:
        raise NotImplementedError(
            f"{function.__name__} calls {sorted(open_symbols - MAY_STAY_OPEN)}, which a kernel may not: "
            "kernels neither allocate nor call libm (see vecmath.py)"
        )
    code = bytes(result.library._get_compiled_object())
    return Entry(code, result.fndesc.llvm_func_name, tuple(sorted(open_symbols)))
