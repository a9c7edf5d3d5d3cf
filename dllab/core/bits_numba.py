"""How numba compiles the primitives of bits.py and the functions of vecmath.py. Imported only when compiling.

The primitives go straight to LLVM, so a call costs nothing at compile time. Each float operation here carries the flag
`contract`: numba adds the caller's fast-math flags only to operations that have none, and with `reassoc` LLVM would
fold (n + magic) - magic to n. For the same reason the functions of vecmath are compiled with EXACT instead of the
caller's flags; flags belong to single instructions, so they stay right when the function is inlined.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.extending import lower_builtin, overload, type_callable

from dllab.core import bits, vecmath

EXACT: Any = {
    "fastmath": {"contract"},
    "error_model": "numpy",
    "nogil": True,
    "boundscheck": None,
    "forceinline": True,
}
CONTRACT = ("contract",)


class Layout(NamedTuple):
    """A float format: its LLVM types, mantissa bits and exponent bias, and sqrt(1/2) as bits."""

    real: ir.Type
    whole: ir.Type
    mantissa: int
    bias: int
    sqrt_half: int

    def bits(self, value: int) -> ir.Constant:
        """An integer constant as wide as the format."""
        return ir.Constant(self.whole, value)

    def float(self, value: float) -> ir.Constant:
        """A constant of the format."""
        return ir.Constant(self.real, value)


LAYOUTS = {
    types.float32: Layout(ir.FloatType(), ir.IntType(32), 23, 127, 0x3F3504F3),
    types.float64: Layout(ir.DoubleType(), ir.IntType(64), 52, 1023, 0x3FE6A09E667F3BCD),
}

PRIMITIVES: list[tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = []


@cache
def register() -> None:
    """Teach numba every primitive of bits.py and every function of vecmath.py. Calling it again does nothing."""
    for function, typer, lower in PRIMITIVES:
        type_callable(function)(_in_any_context(typer))
        anything = [types.Any] * len(inspect.signature(function).parameters)
        lower_builtin(function, *anything)(lower)  # type: ignore[no-untyped-call]
    for function in vecmath.FUNCTIONS:
        overload(function, jit_options=EXACT)(_for_floats(function))


def _in_any_context(typer: Callable[..., Any]) -> Callable[..., Any]:
    return lambda context: typer


def _for_floats(function: Callable[..., Any]) -> Callable[..., Any]:
    """What numba's overload asks for: types in, the function to compile out, or None to refuse."""

    def choose(*kinds: Any) -> Callable[..., Any] | None:
        return function if kinds[0] in LAYOUTS and len(set(kinds)) == 1 else None

    choose.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return choose


def _primitive(function: Callable[..., Any], typer: Callable[..., Any]) -> Callable[..., Any]:
    """Record the type of `function`'s result, from the types of its arguments, and the decorated code for it."""

    def decorate(lower: Callable[..., Any]) -> Callable[..., Any]:
        PRIMITIVES.append((function, typer, lower))
        return lower

    return decorate


def _same(x: Any) -> Any:
    return x if x in LAYOUTS else None


def _same_pair(x: Any, y: Any) -> Any:
    return x if x in LAYOUTS and x == y else None


def _same_with_constant(x: Any, value: Any) -> Any:
    return x if x in LAYOUTS and isinstance(value, types.Number | types.BaseTuple) else None


def _mantissa_and_exponent(x: Any) -> Any:
    return types.UniTuple(x, 2) if x in LAYOUTS else None  # type: ignore[no-untyped-call]


def _int64(key: Any, i: Any) -> Any:
    return types.int64 if isinstance(key, types.Integer) and isinstance(i, types.Integer) else None


@_primitive(bits.like, _same_with_constant)
def _like(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """The constant, or the one of the pair that belongs to the type, cast."""
    kind, value = sig.args[1], args[1]
    if not isinstance(kind, types.Number):
        index = _index(sig.args[0])
        kind, value = kind[index], builder.extract_value(value, index)
    return context.cast(builder, value, kind, sig.return_type)


@_primitive(bits.polynomial, _same_with_constant)
def _polynomial(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Horner's rule, unrolled."""
    x, table = args
    index = _index(sig.args[0])
    kinds = sig.args[1][index]
    values = [builder.extract_value(table, (index, k)) for k in range(len(kinds))]
    *lower, total = (context.cast(builder, v, kind, sig.return_type) for v, kind in zip(values, kinds))
    for coefficient in reversed(lower):
        total = builder.fadd(builder.fmul(total, x, flags=CONTRACT), coefficient, flags=CONTRACT)
    return total


def _index(x: Any) -> int:
    return 0 if x == types.float32 else 1


@_primitive(bits.nearest, _same)
def _nearest(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Adding 1.5 * 2**mantissa leaves no room for a fraction. `llvm.rint` would be a call to libm before SSE 4.1."""
    layout = LAYOUTS[sig.return_type]
    magic = layout.float(1.5 * 2**layout.mantissa)
    return builder.fsub(builder.fadd(args[0], magic, flags=CONTRACT), magic, flags=CONTRACT)


@_primitive(bits.copysign, _same_pair)
def _copysign(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Bit operations: and, and, or."""
    layout = LAYOUTS[sig.return_type]
    kind = ir.FunctionType(layout.real, [layout.real, layout.real])
    return builder.call(builder.module.declare_intrinsic("llvm.copysign", [layout.real], kind), args)


@_primitive(bits.power2, _same)
def _power2(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """The exponent field is n + bias: n + bias + 2**mantissa carries it in its low bits, a shift moves it up."""
    layout = LAYOUTS[sig.return_type]
    return _exponent_field(builder, layout, _low_bits(builder, layout, args[0], layout.bias))


@_primitive(bits.scale2, _same_pair)
def _scale2(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Two products with powers of two near n/2, so that neither overflows and only the last product rounds."""
    layout = LAYOUTS[sig.return_type]
    x, n = args
    both = _low_bits(builder, layout, n, 2 * layout.bias)
    first = builder.lshr(both, layout.bits(1))
    second = builder.sub(both, first)
    x = builder.fmul(x, _exponent_field(builder, layout, first), flags=CONTRACT)
    return builder.fmul(x, _exponent_field(builder, layout, second), flags=CONTRACT)


def _low_bits(builder: Any, layout: Layout, n: Any, offset: int) -> Any:
    """An integer whose low bits are n + offset >= 0; faster than a conversion, which AVX2 lacks for float64."""
    shifted = builder.fadd(n, layout.float(float(2**layout.mantissa + offset)), flags=CONTRACT)
    return builder.bitcast(shifted, layout.whole)


def _exponent_field(builder: Any, layout: Layout, low_bits: Any) -> Any:
    return builder.bitcast(builder.shl(low_bits, layout.bits(layout.mantissa)), layout.real)


@_primitive(bits.frexp2, _mantissa_and_exponent)
def _frexp2(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Take sqrt(1/2) from the bits of x: what is above the mantissa is then n, what is left belongs to m."""
    layout = LAYOUTS[sig.args[0]]
    mantissa = layout.mantissa
    smallest_normal = layout.float(2.0 ** (1 - layout.bias))
    subnormal = builder.fcmp_ordered("<", args[0], smallest_normal, flags=CONTRACT)
    raised = builder.fmul(args[0], layout.float(2.0**mantissa), flags=CONTRACT)
    x = builder.bitcast(builder.select(subnormal, raised, args[0]), layout.whole)

    one = layout.bias << mantissa
    x = builder.add(x, layout.bits(one - layout.sqrt_half))
    m = builder.add(builder.and_(x, layout.bits((1 << mantissa) - 1)), layout.bits(layout.sqrt_half))

    # 2**mantissa + n + bias, written as bits, minus the rest, is n as a float.
    n = builder.or_(builder.lshr(x, layout.bits(mantissa)), layout.bits((layout.bias + mantissa) << mantissa))
    offset = float(2**mantissa + layout.bias)
    offset = builder.select(subnormal, layout.float(offset + mantissa), layout.float(offset))
    n = builder.fsub(builder.bitcast(n, layout.real), offset, flags=CONTRACT)
    return context.make_tuple(builder, sig.return_type, [builder.bitcast(m, layout.real), n])


@_primitive(bits.sqrt, _same)
def _sqrt(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    function = builder.module.declare_intrinsic("llvm.sqrt", [args[0].type])
    return builder.call(function, args)


QUICK = ("afn", "arcp", "contract", "ninf", "nsz", "reassoc")
"""LLVM takes an estimate instead of the exact operation where it may ignore infinities, and for float32 only."""


@_primitive(bits.quick_sqrt, _same)
def _quick_sqrt(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """X times 1 / sqrt(x), for which processors have an estimate; at 0 that would be infinite."""
    layout, (x,) = LAYOUTS[sig.args[0]], args
    if sig.args[0] == types.float64:
        return _sqrt(context, builder, sig, args)
    smallest = layout.float(2.0 ** (1 - layout.bias))
    guarded = builder.select(builder.fcmp_ordered("<", x, smallest, flags=CONTRACT), smallest, x)
    function = builder.module.declare_intrinsic("llvm.sqrt", [x.type])
    root = builder.call(function, [guarded], fastmath=QUICK)
    return builder.fmul(x, builder.fdiv(layout.float(1.0), root, flags=QUICK), flags=CONTRACT)


@_primitive(bits.quick_ratio, _same_pair)
def _quick_ratio(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.fdiv(*args, flags=QUICK)


@_primitive(bits.hash64, _int64)
def _hash64(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """As written in bits.py; LLVM integers wrap around."""
    whole = ir.IntType(64)
    key, i = (context.cast(builder, v, kind, types.int64) for v, kind in zip(args, sig.args))
    i = builder.add(i, ir.Constant(whole, 1))
    z = builder.add(key, builder.mul(i, ir.Constant(whole, bits.GOLDEN)))
    for shift, factor in zip((30, 27), bits.MIX):
        z = builder.xor(z, builder.lshr(z, ir.Constant(whole, shift)))
        z = builder.mul(z, ir.Constant(whole, factor))
    return builder.xor(z, builder.lshr(z, ir.Constant(whole, 31)))
