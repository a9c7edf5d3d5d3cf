"""The compiled forms of memory.py: loads, stores, views and calls by address, atomics. Imports numba."""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numba.np.arrayobj import populate_array

from dllab.core import memory

INT64, BYTE = ir.IntType(64), ir.IntType(8)


def _pointer(builder: Any, address: Any, pointee: Any) -> Any:
    return builder.inttoptr(address, pointee.as_pointer())


def _element(builder: Any, args: Any, pointee: Any) -> Any:
    return builder.gep(_pointer(builder, args[0], pointee), [args[1]])


@intrinsic
def _load(typingctx, address, index):
    def code(context, builder, signature, args):
        return builder.load(_element(builder, args, INT64))

    return types.int64(types.int64, types.int64), code


@intrinsic
def _store(typingctx, address, index, value):
    def code(context, builder, signature, args):
        builder.store(args[2], _element(builder, args, INT64))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), code


@intrinsic
def _load_float(typingctx, address, index):
    def code(context, builder, signature, args):
        return builder.load(_element(builder, args, ir.DoubleType()))

    return types.float64(types.int64, types.int64), code


@intrinsic
def _store_float(typingctx, address, index, value):
    def code(context, builder, signature, args):
        builder.store(args[2], _element(builder, args, ir.DoubleType()))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float64), code


@intrinsic
def _call(typingctx, entry, row, sizes):
    """Call numba's native form of `entry(row, sizes)`, so that an error inside it propagates."""

    def code(context, builder, signature, args):
        arguments = [types.int64, types.int64]
        function_type = context.call_conv.get_function_type(types.int64, arguments)
        function = _pointer(builder, args[0], function_type)
        status, result = context.call_conv.call_function(builder, function, types.int64, arguments, args[1:])
        with cgutils.if_unlikely(builder, status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return result

    return types.int64(types.int64, types.int64, types.int64), code


@intrinsic
def _arrive(typingctx, barrier):
    def code(context, builder, signature, args):
        before = builder.atomic_rmw("add", _pointer(builder, args[0], INT64), ir.Constant(INT64, 1), "seq_cst")
        return builder.add(before, ir.Constant(INT64, 1))

    return types.int64(types.int64), code


@intrinsic
def _look(typingctx, barrier):
    def code(context, builder, signature, args):
        return builder.load_atomic(_pointer(builder, args[0], INT64), "acquire", 8)

    return types.int64(types.int64), code


@intrinsic
def _pause(typingctx):
    def code(context, builder, signature, args):
        if _on_x86(builder):
            function = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(ir.VoidType(), []), "llvm.x86.sse2.pause"
            )
            builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), code


@intrinsic
def _give_way(typingctx):
    def code(context, builder, signature, args):
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.IntType(32), []), "dllab_give_way")
        builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), code


FLUSH = 0x8040
"""Two bits of an x86 processor's control word: results too small for a normal number, and such operands, count as 0."""


def _control_word(builder: Any, name: str, place: Any) -> None:
    function_type = ir.FunctionType(ir.VoidType(), [BYTE.as_pointer()])
    function = cgutils.get_or_insert_function(builder.module, function_type, f"llvm.x86.sse.{name}")
    builder.call(function, [builder.bitcast(place, BYTE.as_pointer())])


@intrinsic
def _flush_tiny(typingctx):
    def code(context, builder, signature, args):
        if not _on_x86(builder):
            return ir.Constant(INT64, 0)
        place = cgutils.alloca_once(builder, ir.IntType(32))
        _control_word(builder, "stmxcsr", place)
        before = builder.load(place)
        builder.store(builder.or_(before, ir.Constant(ir.IntType(32), FLUSH)), place)
        _control_word(builder, "ldmxcsr", place)
        return builder.zext(before, INT64)

    return types.int64(), code


@intrinsic
def _restore_tiny(typingctx, before):
    def code(context, builder, signature, args):
        if _on_x86(builder):
            place = cgutils.alloca_once(builder, ir.IntType(32))
            builder.store(builder.trunc(args[0], ir.IntType(32)), place)
            _control_word(builder, "ldmxcsr", place)
        return context.get_dummy_value()

    return types.void(types.int64), code


def _on_x86(builder: Any) -> bool:
    return str(builder.module.triple).startswith(("x86", "i686", "amd64"))


def compiled_views() -> dict[str, Any]:
    """The compiled forms of memory.views(), by name."""
    dtypes = (types.float32, types.float64, types.int64, types.int32, types.uint8)
    return {f"view_{dtype.name}": _viewer(dtype) for dtype in dtypes}


def _viewer(dtype: Any) -> Any:
    @intrinsic
    def view(typingctx, address, shape):
        array_type = types.Array(dtype, len(shape), "C")

        def code(context, builder, signature, args):
            array = context.make_array(array_type)(context, builder)
            itemsize = context.get_constant(types.intp, dtype.bitwidth // 8)
            shapes = cgutils.unpack_tuple(builder, args[1], len(shape))
            strides: list[Any] = []
            stride = itemsize
            for size in reversed(shapes):
                strides.insert(0, stride)
                stride = builder.mul(stride, size)
            data = _pointer(builder, args[0], context.get_data_type(dtype))
            populate_array(array, data, shapes, strides, itemsize, None)
            return array._getvalue()

        return array_type(types.int64, shape), code

    return view


def register() -> None:
    """Tell numba how to compile the functions of memory.py."""
    forms = {
        memory.load: lambda address, index: lambda address, index: _load(address, index),
        memory.store: lambda address, index, value: lambda address, index, value: _store(address, index, value),
        memory.load_float: lambda address, index: lambda address, index: _load_float(address, index),
        memory.store_float: lambda address, index, value: lambda address, index, value: _store_float(address, index, value),
        memory.call: lambda entry, row, sizes: lambda entry, row, sizes: _call(entry, row, sizes),
        memory.arrive: lambda barrier: lambda barrier: _arrive(barrier),
        memory.look: lambda barrier: lambda barrier: _look(barrier),
        memory.pause: lambda: lambda: _pause(),
        memory.give_way: lambda: lambda: _give_way(),
        memory.flush_tiny: lambda: lambda: _flush_tiny(),
        memory.restore_tiny: lambda before: lambda before: _restore_tiny(before),
    }
    for function, form in forms.items():
        overload(function)(form)
