"""Splits a pair of large dense layers among two shards by hidden units, where a split by rows would move too much.

With rows split, every shard needs all weights and has a gradient for all of them: in each step every weight and every
gradient crosses from core to core. Here a shard owns half of the hidden units: half of the columns of the first weight
matrix, half of the rows of the second, their gradients and their optimizer state. What crosses is the second layer's
output, as a partial sum from each shard, and its gradient.

    x, all rows -> own half of h = f(x w1 + b1) -> partial sum h w2 | barrier | own rows of y = both sums + b2

Source: Shoeybi et al., Megatron-LM: training multi-billion parameter language models using model parallelism (2019).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.ops import dense
from dllab.plan.flow import LayerInfo
from dllab.symbols import BARRIER, BATCH_DIM, GRADIENTS, PARAMETERS, WHOLE_DIM, Parameter, Value

if TYPE_CHECKING:
    from dllab.plan.builder import Builder

SHARDS = 2
WEIGHTS_WORTH_IT = 32_768
"""Weights of a pair from which on moving them costs more than meeting at two more barriers."""

UNITS = 16 * SHARDS
"""Hidden units come in multiples of this, so that each half begins on a cache line."""


@dataclass(frozen=True)
class Pair:
    """Places in the model of two dense layers with nothing but elementwise layers between them."""

    first: int
    second: int


@device
def put_together(y: Any, a: Any, b: Any, batch: int) -> None:
    """Y = the rows of shard 0, which are the first of a, then those of shard 1, which are the first of b."""
    cut = batch // 2
    for n in range(y.shape[0]):
        row, of = y[n], a[n] if n < cut else b[n - cut]
        for f in range(row.shape[0]):
            row[f] = of[f]


@kernel(y="W F", a="W F", b="W F", batch=":int64")
def spread(y, a, b, batch):
    """See put_together."""
    put_together(y, a, b, batch)


@kernel(dp="W F", ga="W F", gb="W F", batch=":int64")
def spread_back(dp, ga, gb, batch):
    """See put_together: the gradient of both partial sums."""
    put_together(dp, ga, gb, batch)


@kernel(y="B F", one="W F", other="W F", b="F", first=":int64", whole=":int64")
def collect(y, one, other, b, first, whole):
    """Y = this shard's rows of both partial sums, plus b; they begin at row first - whole of the batch."""
    low = first - whole
    for n in range(y.shape[0]):
        row, left, right = y[n], one[low + n], other[low + n]
        for f in range(row.shape[0]):
            row[f] = left[f] + right[f] + b[f]


@kernel(dx="B F", ga="W F", gb="W F", first=":int64", whole=":int64")
def collect_back(dx, ga, gb, first, whole):
    """Dx = this shard's rows of what both halves of the hidden units say."""
    low = first - whole
    for n in range(dx.shape[0]):
        row, one, other = dx[n], ga[low + n], gb[low + n]
        for f in range(row.shape[0]):
            row[f] = one[f] + other[f]


def find_pairs(model: Sequence[Any], infos: Sequence[LayerInfo]) -> dict[int, Pair]:
    """The pairs worth it, by the place of their first layer. `infos` tells of the same layers, in the same order."""
    pairs: dict[int, Pair] = {}
    start = 0
    while start < len(model):
        end = start + 1
        while end < len(model) and _passes(model[end]):
            end += 1
        if end < len(model) and _fits(model[start], infos[start], model[end], infos[end]):
            pairs[start] = Pair(start, end)
            start = end
        start += 1
    return pairs


def _passes(entry: Any) -> bool:
    """Whether a layer may stand inside a pair: each number by itself, and nobody else reads it."""
    return entry.part.elementwise and entry.label is None and entry.source is None


def _fits(first: Any, info: LayerInfo, second: Any, last: LayerInfo) -> bool:
    both = [first.part, second.part]
    if not all(isinstance(part, dense.Dense) and part.bias for part in both):
        return False
    parameters = [*info.parameters, *last.parameters]
    weights = info.multiply_adds + last.multiply_adds
    hidden = info.output_shape[-1]
    return (
        first.label is None
        and second.source is None
        and len(info.input_shape) == 2
        and int(hidden) % UNITS == 0
        and weights >= WEIGHTS_WORTH_IT
        and not any(p.frozen for p in parameters)
    )


def own(pair: Pair, infos: Sequence[LayerInfo]) -> None:
    """Note in the parameters of a pair that shards own halves; the first matrix lies as (units, inputs) for it."""
    w, b = _weights(infos[pair.first])
    w.transposed = True
    for parameter in (w, b, _weights(infos[pair.second])[0]):
        parameter.owned = True


def _weights(info: LayerInfo) -> tuple[Parameter, Parameter]:
    w, b = sorted(info.parameters, key=lambda p: -len(p.shape))
    return w, b


def build_pair(
    builder: Builder, entries: Sequence[Any], pair: Pair, x: Value, all_rows: Callable[[], Value] | None
) -> Value:
    """The rows of a pair; returns y (B, F). `all_rows` gathers the whole batch where x is the net's input."""
    if all_rows is not None:
        whole = all_rows()
    else:
        with builder.inside(builder.name_of(entries, pair.first)):
            whole = _spread(builder, x)
    with _layer(builder, entries, pair.first, x) as info:
        w, b = builder.known("w"), builder.known("b")
        inputs, hidden = (int(d) for d in w.shape)
        y = info.output = builder.array((WHOLE_DIM, hidden // SHARDS))
        builder.call(
            dense.forward_transposed,
            backward=(dense.backward_x_transposed, dense.backward_w_transposed, dense.backward_b),
            y=y, x=whole, w=_half(builder, w, (hidden // SHARDS, inputs)), b=_half(builder, b, (hidden // SHARDS,)),
        )  # fmt: skip
    for place in range(pair.first + 1, pair.second):
        with _layer(builder, entries, place, y) as info:
            y = info.output = entries[place].part.build(builder, y)
    with _layer(builder, entries, pair.second, y) as info:
        y = info.output = _second(builder, y)
    return y


@contextmanager
def _layer(builder: Builder, entries: Sequence[Any], place: int, x: Value) -> Iterator[LayerInfo]:
    """Build the rows of a layer of a pair, and note it among those of the program; its output is set inside."""
    with builder.layer(entries, place):
        own = [p for label, p in builder.store.parameters.items() if label.rpartition(".")[0] == builder.path]
        info = LayerInfo(builder.path, entries[place].part.name, x.shape, (), own, 0, x, x, depth=0)
        builder.infos.append(info)
        yield info
        info.output_shape = info.output.shape


def _spread(builder: Builder, x: Value) -> Value:
    """All rows of x, of which every shard has its own."""
    y = builder.array((WHOLE_DIM, *x.shape[1:]), "all")
    gradient = builder.tape.gradient(y)
    builder.barrier()
    builder.call(
        spread, backward=(BARRIER, collect_back), y=y, x=x, a=_at(x, 0), b=_at(x, 1), ga=_at(gradient, 0),
        gb=_at(gradient, 1), **_counters(builder),
    )  # fmt: skip
    return y


def _second(builder: Builder, h: Value) -> Value:
    """Partial sums over the halves of h, and each shard's own rows of their total."""
    w, b = builder.known("w"), builder.known("b")
    hidden, outputs = (int(d) for d in w.shape)
    part = builder.array((WHOLE_DIM, outputs), "part")
    own_half = _half(builder, w, (hidden // SHARDS, outputs))
    builder.call(dense.forward_unbiased, backward=(dense.backward_x, dense.backward_w), y=part, x=h, w=own_half)
    builder.barrier()
    y = builder.array((BATCH_DIM, outputs))
    gradient = builder.tape.gradient(y)
    builder.call(
        collect, backward=(dense.backward_b, BARRIER, spread_back), y=y, p=part, one=_at(part, 0), other=_at(part, 1),
        b=b, ga=_at(gradient, 0), gb=_at(gradient, 1), **_counters(builder),
    )  # fmt: skip
    return y


def _counters(builder: Builder) -> dict[str, Value]:
    return {name: builder.counter(name) for name in ("first", "whole", "batch")}


def _half(builder: Builder, parameter: Parameter, shape: tuple[int, ...]) -> Value:
    """A shard's own half of a parameter; its gradient goes straight to where the whole gradient is kept."""
    stride = builder.store.itemsize
    for size in shape:
        stride *= size
    half = Value(parameter.name, PARAMETERS, shape, "T", True, parent=parameter, stride=stride)
    gradient = Value(f"d{parameter.name}", GRADIENTS, shape, parent=parameter, stride=stride, shard=0)
    builder.tape.set_gradient(half, gradient)
    return half


def _at(value: Value, shard: int) -> Value:
    """What a shard holds under that name, as all shards see it; only its own rows mean something."""
    return Value(value.name, value.register, (WHOLE_DIM, *value.shape[1:]), value.dtype, parent=value, shard=shard)
