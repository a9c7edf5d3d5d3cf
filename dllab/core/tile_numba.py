"""The compiled forms of tile.py: tiles of a fixed number of rows and vectors, written as vector code. Imports numba.

Each is compiled once for each precision, as code of its own that kernels call by a symbol, as they call BLAS: copied into
every kernel it would take seconds to compile in each. All its operands are addresses and whole numbers.
"""

from __future__ import annotations

import inspect
import platform
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import llvmlite.ir as ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from dllab.core import native, tile
from dllab.core.cache import Entry
from dllab.core.settings import FASTMATH

INT64, INT32, BIT = ir.IntType(64), ir.IntType(32), ir.IntType(1)


@cache
def registers() -> tuple[int, int]:
    """Bytes of a vector register of this processor, and how many there are."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 64, 32
    return (32, 16) if features.get("avx") else (16, 32 if platform.machine().lower() in ("arm64", "aarch64") else 16)


# Tiles by vectors in a row: as many rows as registers allow (one more for x, one per vector for w), and some smaller ones.
ONE_VECTOR = {32: (2, 5, 8, 11, 14), 16: (2, 4, 7, 10)}
TWO_VECTORS = {32: (2, 4, 6, 9, 12), 16: (2, 3, 5)}
PIECES = {32: (3, 6, 8, 10, 12), 16: (3, 6, 9)}


class _Vectors:
    """Vector instructions over one element type."""

    def __init__(self, context: Any, builder: Any, dtype: Any) -> None:
        self.builder = builder
        self.real = context.get_data_type(dtype)
        self.lanes = registers()[0] // (dtype.bitwidth // 8)
        self.type = ir.VectorType(self.real, self.lanes)
        self.bits = ir.VectorType(BIT, self.lanes)
        self.align = ir.Constant(INT32, dtype.bitwidth // 8)
        self.zero = ir.Constant(self.type, [ir.Constant(self.real, 0.0)] * self.lanes)
        suffix = f"v{self.lanes}f{dtype.bitwidth}.p0"
        load = ir.FunctionType(self.type, [self.type.as_pointer(), INT32, self.bits, self.type])
        store = ir.FunctionType(ir.VoidType(), [self.type, self.type.as_pointer(), INT32, self.bits])
        self._load = cgutils.get_or_insert_function(builder.module, load, f"llvm.masked.load.{suffix}")
        self._store = cgutils.get_or_insert_function(builder.module, store, f"llvm.masked.store.{suffix}")

    def splat(self, number: Any) -> Any:
        """That number in every lane; also of an int64, for comparisons."""
        kind = ir.VectorType(number.type, self.lanes)
        nothing = ir.Constant(kind, ir.Undefined)
        one = self.builder.insert_element(nothing, number, ir.Constant(INT32, 0))
        everywhere = ir.Constant(ir.VectorType(INT32, self.lanes), [ir.Constant(INT32, 0)] * self.lanes)
        return self.builder.shuffle_vector(one, nothing, everywhere)

    def mask(self, columns: Any) -> Any:
        """The first `columns` lanes (none for a negative number, all for a large one).

        Compared as integers as wide as the numbers: for AVX2 LLVM makes the mask anew in the innermost loop, and from
        integers of another width it has to pack and unpack there, which took a quarter of the time of small recurrent nets.
        """
        kind = ir.IntType(64 if isinstance(self.real, ir.DoubleType) else 32)
        numbers = ir.Constant(ir.VectorType(kind, self.lanes), [ir.Constant(kind, n) for n in range(self.lanes)])
        for limit, sign in ((_fixed(self.lanes), ">"), (_fixed(0), "<")):
            columns = self.builder.select(self.builder.icmp_signed(sign, columns, limit), limit, columns)
        return self.builder.icmp_signed("<", numbers, self.splat(self.builder.trunc(columns, kind)))

    def load(self, place: Any, mask: Any) -> Any:
        """Lanes outside the mask are 0 and not read."""
        return self.builder.call(self._load, [self._vector(place), self.align, mask, self.zero])

    def store(self, vector: Any, place: Any, mask: Any) -> None:
        """Lanes outside the mask are not written."""
        self.builder.call(self._store, [vector, self._vector(place), self.align, mask])

    def store_places(self, places: Any, to: Any, mask: Any) -> None:
        """The same for a vector of int32."""
        kind = ir.VectorType(INT32, self.lanes)
        function = ir.FunctionType(ir.VoidType(), [kind, kind.as_pointer(), INT32, self.bits])
        store = cgutils.get_or_insert_function(self.builder.module, function, f"llvm.masked.store.v{self.lanes}i32.p0")
        self.builder.call(store, [places, self.builder.bitcast(to, kind.as_pointer()), ir.Constant(INT32, 4), mask])

    def add(self, a: Any, b: Any) -> Any:
        """The sum."""
        return self.builder.fadd(a, b, flags=FASTMATH)

    def add_product(self, to: Any, a: Any, b: Any) -> None:
        """Add a b to what stands at `to`, a place that LLVM keeps in a register."""
        product = self.builder.fmul(a, b, flags=FASTMATH)
        self.builder.store(self.add(self.builder.load(to), product), to)

    def numbers(self, address: Any) -> Any:
        """The numbers that lie at an address."""
        return self.builder.inttoptr(address, self.real.as_pointer())

    def sums(self, count: int) -> list[Any]:
        """Places for that many sums."""
        return [cgutils.alloca_once(self.builder, self.type) for _ in range(count)]

    def _vector(self, place: Any) -> Any:
        return self.builder.bitcast(place, self.type.as_pointer())


def _fixed(number: int) -> Any:
    return ir.Constant(INT64, number)


PRODUCT = (
    "y, y_at, to, x, x_at, at, first, count, x1, x2, x3, w, w_at, w1, w2, w3, n1, n2, n3, columns, start, start_at, begin"
)
SPREAD = "y, y_at, to, x, x_at, x_step, rows, w, w_step, terms, piece_to, piece_of, piece_size, first, count"
LARGEST = "y, y_at, y_step, best, x, x_at, windows, x_step, n1, x1, n2, x2, columns"
"""Operands of one tile: y, x, w, start are addresses of numbers, to, at and piece_... of int64,
best of int32."""


def _intrinsic(arguments: str, write: Any, dtype: Any, *size: int) -> Any:
    """A tile of that size, as a function of int64 operands that numba can call."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        write(_Vectors(context, builder, dtype), builder, args, *size)
        return context.get_dummy_value()

    count = arguments.count(",") + 1
    scope = {"signature": types.void(*[types.int64] * count), "code": code}
    exec(f"def tile(typingctx, {arguments}): return signature, code", scope)  # an intrinsic needs the exact operands
    return intrinsic(scope["tile"])


def _product(vector: _Vectors, builder: Any, args: Any, rows: int, vectors: int) -> None:
    """tile.products for `count` rows, at most `rows`, and at most so many vectors of columns."""
    y, y_at, to, x, x_at, at, first, count, x1, x2, x3, w, w_at, w1, w2, w3, n1, n2, n3, columns, start, start_at, begin = (
        args
    )
    y, x, w, start = (vector.numbers(address) for address in (y, x, w, start))
    to, at = (builder.inttoptr(address, INT64.as_pointer()) for address in (to, at))
    masks = [vector.mask(builder.sub(columns, _fixed(v * vector.lanes))) for v in range(vectors)]
    shifts = [_fixed(v * vector.lanes) for v in range(vectors)]
    last = builder.sub(count, _fixed(1))
    sums, x_rows, y_rows = vector.sums(rows * vectors), [], []
    for m in range(rows):  # rows beyond the last compute the last once more
        row = builder.select(builder.icmp_signed("<", _fixed(m), last), _fixed(m), last)
        place = builder.add(first, row)
        x_rows.append(builder.gep(x, [builder.add(x_at, builder.load(builder.gep(at, [place])))]))
        y_rows.append(builder.gep(y, [builder.add(y_at, builder.load(builder.gep(to, [place])))]))
    for m in range(rows):
        for v in range(vectors):
            builder.store(vector.zero, sums[m * vectors + v])
    with builder.if_then(builder.icmp_signed("!=", begin, _fixed(tile.FROM_ZERO))):
        from_start = builder.icmp_signed("==", begin, _fixed(tile.FROM_START))
        for m in range(rows):
            row = builder.select(from_start, builder.gep(start, [start_at]), y_rows[m])
            for v in range(vectors):
                builder.store(vector.load(builder.gep(row, [shifts[v]]), masks[v]), sums[m * vectors + v])
    with cgutils.for_range(builder, n1) as i, cgutils.for_range(builder, n2) as j:
        outer_x = builder.add(builder.mul(i.index, x1), builder.mul(j.index, x2))
        outer_w = builder.add(w_at, builder.add(builder.mul(i.index, w1), builder.mul(j.index, w2)))
        with cgutils.for_range(builder, n3) as k:
            x_shift = builder.add(outer_x, builder.mul(k.index, x3))
            w_row = builder.gep(w, [builder.add(outer_w, builder.mul(k.index, w3))])
            right = [vector.load(builder.gep(w_row, [shifts[v]]), masks[v]) for v in range(vectors)]
            for m in range(rows):
                left = vector.splat(builder.load(builder.gep(x_rows[m], [x_shift])))
                for v in range(vectors):
                    vector.add_product(sums[m * vectors + v], left, right[v])
    for m in range(rows):
        for v in range(vectors):
            vector.store(builder.load(sums[m * vectors + v]), builder.gep(y_rows[m], [shifts[v]]), masks[v])


def _spread(vector: _Vectors, builder: Any, args: Any, pieces: int) -> None:
    """tile.spread for `count` pieces of the window, at most `pieces`."""
    y, y_at, to, x, x_at, x_step, rows, w, w_step, terms, piece_to, piece_of, piece_size, first, count = args
    y, x, w = (vector.numbers(address) for address in (y, x, w))
    to, piece_to, piece_of, piece_size = (
        builder.inttoptr(address, INT64.as_pointer()) for address in (to, piece_to, piece_of, piece_size)
    )
    last = builder.sub(count, _fixed(1))
    sums, masks, shifts, of = vector.sums(pieces), [], [], []
    for p in range(pieces):
        there = builder.icmp_signed("<", _fixed(p), count)
        place = builder.add(first, builder.select(there, _fixed(p), last))
        size = builder.load(builder.gep(piece_size, [place]))
        masks.append(vector.mask(builder.select(there, size, _fixed(0))))
        shifts.append(builder.add(y_at, builder.load(builder.gep(piece_to, [place]))))
        of.append(builder.gep(w, [builder.load(builder.gep(piece_of, [place]))]))
    with cgutils.for_range(builder, rows) as row:
        y_row = builder.gep(y, [builder.load(builder.gep(to, [row.index]))])
        x_row = builder.gep(x, [builder.add(x_at, builder.mul(row.index, x_step))])
        for p in range(pieces):
            builder.store(vector.zero, sums[p])
        with cgutils.for_range(builder, terms) as k:
            left = vector.splat(builder.load(builder.gep(x_row, [k.index])))
            shift = builder.mul(k.index, w_step)
            for p in range(pieces):
                vector.add_product(sums[p], left, vector.load(builder.gep(of[p], [shift]), masks[p]))
        for p in range(pieces):
            place = builder.gep(y_row, [shifts[p]])
            vector.store(vector.add(vector.load(place, masks[p]), builder.load(sums[p])), place, masks[p])


def _largest(vector: _Vectors, builder: Any, args: Any) -> None:
    """tile.largest for one vector of columns."""
    y, y_at, y_step, best, x, x_at, windows, x_step, n1, x1, n2, x2, columns = args
    y, x, best = vector.numbers(y), vector.numbers(x), builder.inttoptr(best, INT32.as_pointer())
    mask = vector.mask(columns)
    numbers = ir.Constant(ir.VectorType(INT32, vector.lanes), [ir.Constant(INT32, n) for n in range(vector.lanes)])
    largest, where = vector.sums(1)[0], cgutils.alloca_once(builder, numbers.type)
    with cgutils.for_range(builder, windows) as q:
        first = builder.add(x_at, builder.mul(q.index, x_step))
        builder.store(vector.load(builder.gep(x, [first]), mask), largest)
        builder.store(builder.add(vector.splat(builder.trunc(first, INT32)), numbers), where)
        with cgutils.for_range(builder, n1) as i, cgutils.for_range(builder, n2) as j:
            place = builder.add(first, builder.add(builder.mul(i.index, x1), builder.mul(j.index, x2)))
            number, before = vector.load(builder.gep(x, [place]), mask), builder.load(largest)
            larger = builder.or_(builder.fcmp_ordered(">", number, before), builder.fcmp_unordered("uno", number, number))
            builder.store(builder.select(larger, number, before), largest)
            here = builder.add(vector.splat(builder.trunc(place, INT32)), numbers)
            builder.store(builder.select(larger, here, builder.load(where)), where)
        to = builder.add(y_at, builder.mul(q.index, y_step))
        vector.store(builder.load(largest), builder.gep(y, [to]), mask)
        vector.store_places(builder.load(where), builder.gep(best, [to]), mask)


def _dispatch(arguments: str, sizes: tuple[int, ...], tile_of: Any) -> Any:
    """A function that calls the smallest of several tiles that takes `count` rows or pieces."""
    lines = [f"def smallest({arguments}):"]
    lines += [f"    if count <= {size}:\n        return tile_{size}({arguments})" for size in sizes[:-1]]
    lines += [f"    return tile_{sizes[-1]}({arguments})"]
    scope = {f"tile_{size}": tile_of(size) for size in sizes}
    exec(compile("\n".join(lines), "<tiles>", "exec"), scope)
    return scope["smallest"]


def _products_function(dtype: Any) -> Any:
    from dllab.core.compiler import jit

    width, number = registers()
    vector = width // (dtype.bitwidth // 8)
    one, two = ONE_VECTOR[number], TWO_VECTORS[number]
    one_vector = jit(_dispatch(PRODUCT, one, lambda rows: _intrinsic(PRODUCT, _product, dtype, rows, 1)))
    two_vectors = jit(_dispatch(PRODUCT, two, lambda rows: _intrinsic(PRODUCT, _product, dtype, rows, 2)))
    most_one, most_two = one[-1], two[-1]

    def products(y, y_at, to, x, x_at, at, rows, x1, x2, x3, w, w_at, w1, w2, w3, n1, n2, n3, columns, start, begin):
        column = 0
        while column < columns:
            wide = columns - column > vector
            most = most_two if wide else most_one
            tiles = (rows + most - 1) // most
            size = max((rows + tiles - 1) // max(tiles, 1), 1)
            for first in range(0, rows, size):
                count = min(size, rows - first)
                if wide:
                    two_vectors(y, y_at + column, to, x, x_at, at, first, count, x1, x2, x3, w, w_at + column, w1, w2, w3,
                                n1, n2, n3, columns - column, start, column, begin)  # fmt: skip
                else:
                    one_vector(y, y_at + column, to, x, x_at, at, first, count, x1, x2, x3, w, w_at + column, w1, w2, w3,
                               n1, n2, n3, columns - column, start, column, begin)  # fmt: skip
            column += 2 * vector if wide else vector
        return 0

    return products


def _spread_function(dtype: Any) -> Any:
    from dllab.core.compiler import jit

    sizes = PIECES[registers()[1]]
    some_pieces = jit(_dispatch(SPREAD, sizes, lambda pieces: _intrinsic(SPREAD, _spread, dtype, pieces)))
    most = sizes[-1]

    def spread(y, y_at, to, x, x_at, x_step, rows, w, w_step, terms, piece_to, piece_of, piece_size, pieces):
        tiles = (pieces + most - 1) // most
        size = max((pieces + tiles - 1) // max(tiles, 1), 1)
        for first in range(0, pieces, size):
            count = min(size, pieces - first)
            some_pieces(y, y_at, to, x, x_at, x_step, rows, w, w_step, terms, piece_to, piece_of, piece_size, first, count)
        return 0

    return spread


def _largest_function(dtype: Any) -> Any:
    vector = registers()[0] // (dtype.bitwidth // 8)
    one_vector = _intrinsic(LARGEST, _largest, dtype)

    def largest(y, y_at, best, x, x_at, windows, x_step, n1, x1, n2, x2, columns):
        for column in range(0, columns, vector):
            one_vector(y, y_at + column, columns, best, x, x_at + column, windows, x_step, n1, x1, n2, x2, columns - column)
        return 0

    return largest


PRODUCTS_ARRAYS = ("y", "to", "x", "at", "w", "start")
SPREAD_ARRAYS = ("y", "to", "x", "w", "piece_to", "piece_of", "piece_size")
LARGEST_ARRAYS = ("y", "best", "x")

MADE = {"products": (_products_function, 21), "spread": (_spread_function, 14), "largest": (_largest_function, 12)}
"""How each function of tile.py is made, and how many operands it has."""


def compile_tile(name: str, precision: str) -> Entry:
    """Object code of a function of tile.py in that precision."""
    from dllab.core.compiler import compile_loop

    made, arguments = MADE[name]
    return compile_loop(made(types.float32 if precision == "float32" else types.float64), arguments)


def _called(name: str, arguments: str, arrays: tuple[str, ...]) -> Any:
    """What numba compiles a call of tile.<name> to: its arrays are passed as addresses."""
    names = arguments.split(", ")
    places = [names.index(array) for array in arrays]

    def typed(kinds: tuple[Any, ...]) -> Any:
        symbol = f"dllab_{name}_{kinds[0].dtype.name}"
        native.provide_symbols((symbol,))
        plain = [types.int64] * len(kinds)

        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            numbers = list(args)
            for place in places:
                array = context.make_array(signature.args[place])(context, builder, args[place])
                numbers[place] = builder.ptrtoint(array.data, INT64)
            function = context.call_conv.get_function_type(types.int64, plain)
            callee = cgutils.get_or_insert_function(builder.module, function, symbol)
            context.call_conv.call_function(builder, callee, types.int64, plain, numbers)
            return context.get_dummy_value()

        return types.void(*[kind if place in places else types.int64 for place, kind in enumerate(kinds)]), code

    scope: dict[str, Any] = {"typed": typed}
    exec(f"def {name}(typingctx, {arguments}): return typed(({arguments},))", scope)  # numba looks at the exact operands
    scope["called"] = intrinsic(scope[name])
    exec(f"def form({arguments}):\n    def call({arguments}): called({arguments})\n    return call", scope)
    return scope["form"]


def register() -> None:
    """Tell numba how to compile the functions of tile.py."""
    arrays_of = ((tile.products, PRODUCTS_ARRAYS), (tile.spread, SPREAD_ARRAYS), (tile.largest, LARGEST_ARRAYS))
    for function, arrays in arrays_of:
        arguments = ", ".join(inspect.signature(function).parameters)
        overload(function)(_called(function.__name__, arguments, arrays))
    width = registers()[0]
    overload(tile.lanes)(lambda like: lambda like: width // like.itemsize)
