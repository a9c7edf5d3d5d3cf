"""The compiled form of blas.gemm: a direct call of Fortran gemm. Imports numba."""

from __future__ import annotations

import llvmlite.ir as ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from dllab.core import blas

SMALL = 1_000_000
"""Up to so many multiply-adds OpenBLAS computes a product in place; beyond, it copies both operands first.

Copying pays where every number is used often enough, which in products with a batch of some dozens it is not.
"""

GRAIN = 16  # rows or columns of a piece come in multiples of a vector


@intrinsic
def _gemm(typingctx, y, a, b, transpose_a, transpose_b, add, m_from, m_count, n_from, n_count):
    """The rows [m_from, +m_count) and columns [n_from, +n_count) of y.

    Row-major y = op(a) op(b) is column-major y' = op(b)' op(a)', so the operands change places.
    """

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

        def at(array, row, column, width):
            place = builder.add(builder.mul(row, width), column)
            return builder.gep(array.data, [place])

        zero = ir.Constant(args[6].type, 0)
        y_at = at(arrays[0], args[6], args[8], y_shape[1])
        a_row, a_column = builder.select(args[3], zero, args[6]), builder.select(args[3], args[6], zero)
        b_row, b_column = builder.select(args[4], args[8], zero), builder.select(args[4], zero, args[8])
        a_at, b_at = at(arrays[1], a_row, a_column, a_shape[1]), at(arrays[2], b_row, b_column, b_shape[1])
        m, n, k = (reference(builder.trunc(v, int32)) for v in (args[9], args[7], inner))
        one = reference(ir.Constant(real, 1.0))
        beta = reference(builder.select(args[5], ir.Constant(real, 1.0), ir.Constant(real, 0.0)))
        name = "dllab_sgemm" if dtype == types.float32 else "dllab_dgemm"
        pointers = [
            letter(args[4]), letter(args[3]), m, n, k, one, b_at, leading(b_shape[1]),
            a_at, leading(a_shape[1]), beta, y_at, leading(y_shape[1]),
        ]  # fmt: skip
        signature_type = ir.FunctionType(ir.VoidType(), [p.type for p in pointers])
        builder.call(cgutils.get_or_insert_function(builder.module, signature_type, name), pointers)
        return context.get_dummy_value()

    return types.void(y, a, b, *[types.boolean] * 3, *[types.intp] * 4), code


def _in_pieces(y, a, b, transpose_a, transpose_b, add):
    """One product, or several of a part of y each; every number of y is one sum, in the same order either way."""
    m, n = y.shape
    k = a.shape[0] if transpose_a else a.shape[1]
    rows, columns = m, n
    if m * n * k > SMALL:
        if n >= m:
            columns = _piece(n, m * k)
        else:
            rows = _piece(m, n * k)
    for m_from in range(0, m, max(rows, 1)):
        for n_from in range(0, n, max(columns, 1)):
            m_count, n_count = min(rows, m - m_from), min(columns, n - n_from)
            _gemm(y, a, b, transpose_a, transpose_b, add, m_from, m_count, n_from, n_count)


def _piece(length, each):
    """Into which pieces to cut a length of which one unit costs `each`: equal ones, or the whole if they get too thin."""
    most = SMALL // each // GRAIN * GRAIN
    if most == 0:
        return length
    pieces = (length + most - 1) // most
    return ((length + pieces - 1) // pieces + GRAIN - 1) // GRAIN * GRAIN


def register() -> None:
    """Tell numba how to compile gemm."""
    overload(_piece)(lambda length, each: _piece)
    overload(blas.gemm)(lambda y, a, b, transpose_a, transpose_b, add: _in_pieces)
