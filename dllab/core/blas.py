"""Matrix products: y (M, N) = a (M, K) b (K, N), either operand transposed, optionally added to y.

SciPy ships a BLAS for every platform and publishes its addresses (scipy.linalg.cython_blas). Kernels call it through
the symbols dllab_sgemm and dllab_dgemm; importing it costs about 0.2 s, so it happens only when a plan needs it. One
thread per call: products of about 1 MFLOP gain nothing from more, and the bits must not depend on a thread count.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


def gemm(y: Any, a: Any, b: Any, transpose_a: bool, transpose_b: bool, add: bool) -> None:
    """Y = op(a) op(b), or y += op(a) op(b). All three are C-contiguous matrices of one precision."""
    product = (a.T if transpose_a else a) @ (b.T if transpose_b else b)
    if add:
        y += product
    else:
        y[:] = product


@cache
def addresses() -> dict[str, int]:
    """Addresses of Fortran sgemm and dgemm; BLAS threads are limited to one."""
    import threadpoolctl
    from scipy.linalg import cython_blas

    threadpoolctl.threadpool_limits(1, user_api="blas")
    return {f"dllab_{name}": _capsule_address(cython_blas.__pyx_capi__[name]) for name in ("sgemm", "dgemm")}


def _capsule_address(capsule: Any) -> int:
    get_name = ctypes.pythonapi.PyCapsule_GetName
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int(get_pointer(capsule, get_name(capsule)))

