"""Probes: rows that copy or summarise what a step computed into rings, every few steps.

A plan with probes is another plan: without them a step does not even test for their absence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dllab.core.kernel import kernel
from dllab.symbols import GRADIENTS, RINGS, Value

if TYPE_CHECKING:
    from dllab.plan.builder import Builder

MOMENTS = ("count", "sum", "squares", "least", "most", "zeros")
"""What a summary keeps of an array; those of the shards combine by adding, or by taking the least and the most."""


@dataclass(frozen=True)
class Probe:
    """What to watch: an `output` or its gradient (of a layer's path), a parameter or its gradient (of a label).

    `summary`: keep MOMENTS instead of every number. The last `length` looks are kept.
    """

    of: str
    what: Literal["output", "output_gradient", "parameter", "gradient"] = "output"
    summary: bool = False
    length: int = 256


@kernel(ring="H W", x="*N", step=":int64", every=":int64", shard=":int64", shards=":int64", batch=":int64", width=":int64")
def copy(ring, x, step, every, shard, shards, batch, width):
    """Keep every number; a shard's rows of `width` numbers come after those of the shards before it."""
    to = ring[(step // every) % ring.shape[0]]
    first = batch * shard // shards * width
    for i in range(x.shape[0]):
        to[first + i] = x[i]


@kernel(ring="H S 6", x="*N", step=":int64", every=":int64", shard=":int64")
def summarise(ring, x, step, every, shard):
    """Keep MOMENTS of this shard's numbers; a NaN among them shows in the sums."""
    to = ring[(step // every) % ring.shape[0], shard]
    total, squares, zeros = 0.0, 0.0, 0.0
    least, most = math.inf, -math.inf
    for i in range(x.shape[0]):
        value = float(x[i])
        total += value
        squares += value * value
        zeros += 1.0 if value == 0.0 else 0.0
        least = min(least, value)
        most = max(most, value)
    to[0] = x.shape[0]
    to[1], to[2], to[3], to[4], to[5] = total, squares, least, most, zeros


def build_probe(builder: Builder, probe: Probe, every: int, batch: int, rings: dict[Probe, Value]) -> None:
    """Add the row of a probe; its ring, (length, numbers) or (length, shards, MOMENTS), is added to `rings`."""
    value, per_example = _watched(builder, probe)
    name, only = f"{probe.what} of {probe.of}", None if per_example else 0
    step, shard, often = builder.counter("step"), builder.counter("shard"), builder.whole(every)
    if probe.summary:
        ring = Value(name, RINGS, (probe.length, builder.shards if per_example else 1, len(MOMENTS)))
        builder.row(summarise, only=only, ring=rings.setdefault(probe, ring), x=value, step=step, every=often, shard=shard)
        return
    width = 1
    for size in value.shape[1:] if per_example else value.shape:
        assert isinstance(size, int)
        width *= size
    ring = Value(name, RINGS, (probe.length, batch * width if per_example else width))
    builder.row(
        copy, only=only, ring=rings.setdefault(probe, ring), x=value, step=step, every=often, shard=shard,
        shards=builder.counter("shards"), batch=builder.counter("batch"), width=builder.whole(width),
    )  # fmt: skip


def _watched(builder: Builder, probe: Probe) -> tuple[Value, bool]:
    """The array, and whether its first axis is the batch (then every shard has some of it)."""
    if probe.what in ("parameter", "gradient"):
        parameter = builder.store.parameters.get(probe.of)
        if parameter is None:
            raise ValueError(f"no parameter is called {probe.of!r}; there are {', '.join(builder.store.parameters)}")
        if probe.what == "parameter":
            return parameter, False
        whole = Value(f"d{parameter.name}", GRADIENTS, parameter.shape, parent=parameter, shard=0)
        return whole, False  # shard 0 is where the gradients of all shards have been added up
    found = [info for info in builder.infos if info.path == probe.of]
    if not found:
        raise ValueError(f"no layer is called {probe.of!r}; there are {', '.join(i.path for i in builder.infos)}")
    output = found[0].output
    return (output if probe.what == "output" else builder.tape.gradient(output)), True
