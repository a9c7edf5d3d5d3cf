"""Machine code by address: kernels and the step loop, loaded from the cache or compiled first.

Loading needs only llvmlite, so a lab whose kernels are warm never imports numba. Each object file gets an engine of its
own: two files compiled in different processes may use the same internal names.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm

from dllab.core import blas, tile
from dllab.core import cache as store
from dllab.core.kernel import Kernel

_engines: list[Any] = []  # an engine that is collected takes its code with it


class KernelError(RuntimeError):
    """Compiled code met an error: with bounds checking on, an index outside an array."""


class NativeFunction:
    """A compiled function of int64 arguments, callable from Python; the GIL is released while it runs."""

    def __init__(self, address: int, arguments: int) -> None:
        # numba's native form: int32 f(int64 *result, void **exception, int64 ...)
        prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * arguments)
        self.address = address
        self._call = prototype(address)

    def __call__(self, *arguments: int) -> int:
        """Call it. Raises KernelError."""
        result, exception = ctypes.c_int64(0), ctypes.c_void_p(0)
        status = self._call(ctypes.addressof(result), ctypes.addressof(exception), *arguments)
        if status != 0:
            raise KernelError(f"a kernel stopped with status {status} (an index outside an array?)")
        return result.value


@cache
def kernel_address(kernel: Kernel, precision: str, dtypes: tuple[str, ...]) -> int:
    """The address of a kernel's entry for these operand types."""
    code = load_or_compile(kernel_file(kernel, precision, dtypes), lambda: _compile(kernel, precision, dtypes))
    return load(code)


def is_cached(kernel: Kernel, precision: str, dtypes: tuple[str, ...]) -> bool:
    """Whether a kernel can be loaded without compiling it first."""
    return (store.folder() / kernel_file(kernel, precision, dtypes)).exists()


def kernel_file(kernel: Kernel, precision: str, dtypes: tuple[str, ...]) -> str:
    """The name of the cache file for a kernel."""
    assert isinstance(kernel.function, FunctionType)
    text = kernel.entry_source(precision, dtypes)
    return f"{kernel.title}-{precision}-{store.digest(kernel.function, text)}.o"


@cache
def loop_function(function: FunctionType, arguments: int) -> NativeFunction:
    """The compiled form of a plain function of int64 arguments (see loop.py)."""
    name = f"{function.__module__.removeprefix('dllab.')}.{function.__name__}-{store.digest(function)}.o"

    def compiled() -> store.Entry:
        from dllab.core import compiler

        return compiler.compile_loop(function, arguments)

    return NativeFunction(load(load_or_compile(name, compiled)), arguments)


def load_or_compile(name: str, compiled: Callable[[], store.Entry]) -> store.Entry:
    """The cached entry of that name, or a new one, which is then kept."""
    entry = store.read(name)
    if entry is None:
        entry = compiled()
        store.write(name, entry)
    return entry


def _compile(kernel: Kernel, precision: str, dtypes: tuple[str, ...]) -> store.Entry:
    from dllab.core import compiler

    return compiler.compile_kernel(kernel, precision, dtypes)


@cache
def _target() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.add_symbol("dllab_give_way", _give_way_address())
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(jit=True, opt=3, cpu=llvm.get_host_cpu_name())


def provide_symbols(names: tuple[str, ...]) -> None:
    """Make the process symbols that object code asks for known to LLVM."""
    _target()
    if any(name.endswith("gemm") for name in names):
        for name, address in blas.addresses().items():
            llvm.add_symbol(name, address)
    for name in names:
        if name.endswith(("_float32", "_float64")):
            _provide_tile(name)


@cache
def _provide_tile(symbol: str) -> None:
    """Make a function of tile.py known, compiled first if need be."""
    _, name, precision = symbol.split("_")

    def compiled() -> store.Entry:
        from dllab.core import tile_numba

        return tile_numba.compile_tile(name, precision)

    function = getattr(tile, name)
    file = f"core.tile.{name}-{precision}-{store.digest(function)}.o"
    llvm.add_symbol(symbol, load(load_or_compile(file, compiled)))


def load(entry: store.Entry) -> int:
    """The address of the function in an entry, which stays in memory from now on."""
    provide_symbols(entry.needs)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(entry.code))
    engine.finalize_object()
    _engines.append(engine)
    return int(engine.get_function_address(entry.symbol))


def _give_way_address() -> int:
    library = ctypes.CDLL("kernel32" if sys.platform == "win32" else None)
    function = library.SwitchToThread if sys.platform == "win32" else library.sched_yield
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)
