"""The compiled form of blas.gemm: a direct call of Fortran gemm. Imports numba."""

from __future__ import annotations

import llvmlite.ir as ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from dllab.core import blas


@intrinsic
def _gemm(typingctx, y, a, b, transpose_a, transpose_b, add):
    """Row-major y = op(a) op(b) is column-major y' = op(b)' op(a)', so the operands change places."""

    def code(context, builder, signature, args):
        dtype = signature.args[0].dtype
        real = context.get_data_type(dtype)
        int32, char = ir.IntType(32), ir.IntType(8)
        arrays = [context.make_array(t)(context, builder, v) for t, v in zip(signature.args[:3], args[:3])]
        y_shape, a_shape, b_shape = (cgutils.unpack_tuple(builder, array.shape, 2) for array in arrays)
        inner = builder.select(args[3], a_shape[0], a_shape[1])

        def reference(value):
            return cgutils.alloca_once_value(builder, value)

        def letter(flag):
            return reference(builder.select(flag, ir.Constant(char, ord("T")), ir.Constant(char, ord("N"))))

        def leading(value):
            # a leading dimension of 0 is an error to BLAS even where there is nothing to do
            value, least = builder.trunc(value, int32), ir.Constant(int32, 1)
            return reference(builder.select(builder.icmp_signed(">", value, least), value, least))

        m, n, k = (reference(builder.trunc(v, int32)) for v in (y_shape[1], y_shape[0], inner))
        one = reference(ir.Constant(real, 1.0))
        beta = reference(builder.select(args[5], ir.Constant(real, 1.0), ir.Constant(real, 0.0)))
        name = "dllab_sgemm" if dtype == types.float32 else "dllab_dgemm"
        pointers = [
            letter(args[4]),
            letter(args[3]),
            m,
            n,
            k,
            one,
            arrays[2].data,
            leading(b_shape[1]),
            arrays[1].data,
            leading(a_shape[1]),
            beta,
            arrays[0].data,
            leading(y_shape[1]),
        ]
        signature_type = ir.FunctionType(ir.VoidType(), [p.type for p in pointers])
        builder.call(cgutils.get_or_insert_function(builder.module, signature_type, name), pointers)
        return context.get_dummy_value()

    return types.void(y, a, b, types.boolean, types.boolean, types.boolean), code


def register() -> None:
    """Tell numba how to compile gemm."""

    def form(y, a, b, transpose_a, transpose_b, add):
        return lambda y, a, b, transpose_a, transpose_b, add: _gemm(y, a, b, transpose_a, transpose_b, add)

    overload(blas.gemm)(form)
