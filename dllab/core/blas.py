"""Matrix products: y (M, N) = a (M, K) b (K, N), either operand transposed, optionally added to y.

SciPy ships a BLAS for every platform and publishes its addresses (scipy.linalg.cython_blas). Kernels call it through
the symbols dllab_sgemm and dllab_dgemm; it is loaded only when a plan needs it. One thread per call: products of about
1 MFLOP gain nothing from more, and the bits must not depend on a thread count. NumPy's own BLAS is left as it is.
"""

from __future__ import annotations

import ctypes
import importlib.util
import sys
import threading
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

_ONCE = threading.Lock()


def gemm(y: Any, a: Any, b: Any, transpose_a: bool, transpose_b: bool, add: bool) -> None:
    """Y = op(a) op(b), or y += op(a) op(b). All three are C-contiguous matrices of one precision."""
    product = (a.T if transpose_a else a) @ (b.T if transpose_b else b)
    if add:
        y += product
    else:
        y[:] = product


def addresses() -> dict[str, int]:
    """Addresses of Fortran sgemm and dgemm; that library is limited to one thread."""
    with _ONCE:  # of threads that begin together one loads it, and the others wait
        return _addresses()


@cache
def _addresses() -> dict[str, int]:
    from dllab.core.blas_threads import one_for_good

    capsules = _cython_blas().__pyx_capi__
    one_for_good()
    return {f"dllab_{name}": _capsule_address(capsules[name]) for name in ("sgemm", "dgemm")}


def _cython_blas() -> Any:
    """The extension module scipy.linalg.cython_blas, without the rest of scipy.linalg, which takes 0.1 s to import."""
    import scipy

    for suffix in EXTENSION_SUFFIXES:
        file = Path(scipy.__file__).parent / "linalg" / f"cython_blas{suffix}"
        if "scipy.linalg" in sys.modules or not file.is_file():
            continue
        specification = importlib.util.spec_from_file_location("cython_blas", file)
        try:
            assert specification is not None and specification.loader is not None
            module = importlib.util.module_from_spec(specification)
            specification.loader.exec_module(module)
            return module
        except Exception:  # a SciPy built in another way; the long import below is always right
            break
    from scipy.linalg import cython_blas

    return cython_blas


def _capsule_address(capsule: Any) -> int:
    get_name = ctypes.pythonapi.PyCapsule_GetName
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int(get_pointer(capsule, get_name(capsule)))
