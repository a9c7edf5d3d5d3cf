"""Probes: rows that copy or summarise what a step computed into rings, every few steps.

A plan with probes is another plan: without them a step does not even test for their absence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dllab.core.device import device
from dllab.core.kernel import kernel
from dllab.plan.row import Row
from dllab.plan.totals import square_total
from dllab.symbols import GRADIENTS, RINGS, WHOLE_DIM, Value

if TYPE_CHECKING:
    from dllab.plan.builder import Builder

MOMENTS = ("count", "sum", "squares", "least", "most", "zeros")
"""What a summary keeps of an array; those of the shards combine by adding, or by taking the least and the most."""

BINS = 32
"""Of a portrait's histogram: equal parts of x / (1 + |x|), which goes from -1 to 1 however large x is."""

PORTRAIT = (*MOMENTS, "flat", *(f"bin{number}" for number in range(BINS)))
SAMPLE = 2048
"""Numbers of an array that a portrait looks at, at most: of more, every second, every third, ..."""

What = Literal["output", "output_gradient", "parameter", "gradient", "update"]
Summary = Literal["none", "moments", "portrait", "units", "square"]


@dataclass(frozen=True)
class Probe:
    """What to watch: an `output` or its gradient (of a layer's path); a parameter, its gradient or `update` (of a label).

    `summary`: instead of every number keep MOMENTS; a PORTRAIT, in which numbers at or beyond `flat` count as flat;
    `units`, in how many rows each number of the last axis is not 0, and the rows; or the `square` of the norm. An update
    is always that: what the step's update has changed. The last `length` looks are kept.
    """

    of: str
    what: What = "output"
    summary: Summary = "none"
    length: int = 256
    flat: tuple[float, float] = (-math.inf, math.inf)


@kernel(ring="H W", x="*N", step=":int64", every=":int64", shard=":int64", shards=":int64", batch=":int64", width=":int64")
def copy(ring, x, step, every, shard, shards, batch, width):
    """Keep every number; a shard's rows of `width` numbers come after those of the shards before it."""
    to = ring[(step // every) % ring.shape[0]]
    first = batch * shard // shards * width
    for i in range(x.shape[0]):
        to[first + i] = x[i]


@kernel(ring="H W", x="B U", step=":int64", every=":int64", shard=":int64", shards=":int64")
def copy_units(ring, x, step, every, shard, shards):
    """Keep every number of units that are divided among the shards: a row's stand side by side, those of shard 0 first."""
    to = ring[(step // every) % ring.shape[0]]
    units = x.shape[1]
    for n in range(x.shape[0]):
        row, first = x[n], (n * shards + shard) * units
        place = to[first : first + units]
        for u in range(units):
            place[u] = row[u]


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


@device
def begin(to):
    """An empty PORTRAIT."""
    for k in range(to.shape[0]):
        to[k] = 0.0
    to[3], to[4] = math.inf, -math.inf


@device
def add(to, value, low, high):
    """Add a number to a PORTRAIT; NaN and infinities are in no bin, and the largest numbers in the last one."""
    to[0] += 1.0
    to[1] += value
    to[2] += value * value
    to[3] = min(to[3], value)
    to[4] = max(to[4], value)
    to[5] += 1.0 if value == 0.0 else 0.0
    to[6] += 1.0 if value <= low or value >= high else 0.0
    if abs(value) < math.inf:
        place = value / (1.0 + abs(value))  # rounded to 1 from about 10^16 on
        to[7 + min(int((place + 1.0) * (0.5 * BINS)), BINS - 1)] += 1.0


@kernel(ring="H S K:float64", x="*N", low="", high="", step=":int64", every=":int64", shard=":int64")
def portray(ring, x, low, high, step, every, shard):
    """Keep a PORTRAIT of this shard's numbers, or of SAMPLE of them."""
    to = ring[(step // every) % ring.shape[0], shard]
    begin(to)
    size = x.shape[0]
    stride = max(size // SAMPLE, 1) | 1  # odd: so that it meets all units where their number is a power of two
    for i in range(0, size, stride):
        add(to, float(x[i]), low, high)


@kernel(ring="H S K:float64", x="B T U", ends="B:int32", low="", high="", step=":int64", every=":int64", shard=":int64")
def portray_steps(ring, x, ends, low, high, step, every, shard):
    """The same of sequences, up to their ends."""
    to = ring[(step // every) % ring.shape[0], shard]
    begin(to)
    units = x.shape[2]
    stride = max(x.shape[0] * x.shape[1] * units // SAMPLE, 1)
    for n in range(x.shape[0]):
        for t in range(ends[n]):
            for u in range((n + t) % stride, units, stride):
                add(to, float(x[n, t, u]), low, high)


@kernel(ring="H S V", x="*N U", step=":int64", every=":int64", shard=":int64")
def count_active(ring, x, step, every, shard):
    """In how many of this shard's rows each unit is not 0; behind them, how many rows there are."""
    to = ring[(step // every) % ring.shape[0], shard]
    units = x.shape[1]
    for u in range(units):
        to[u] = 0.0
    for n in range(x.shape[0]):
        row = x[n]
        for u in range(units):
            to[u] += 1.0 if row[u] != 0.0 else 0.0
    to[units] = x.shape[0]


@kernel(ring="H S V", x="B T U", ends="B:int32", step=":int64", every=":int64", shard=":int64")
def count_active_steps(ring, x, ends, step, every, shard):
    """The same of sequences, up to their ends: a row is a step that is there."""
    to = ring[(step // every) % ring.shape[0], shard]
    units = x.shape[2]
    for u in range(units + 1):
        to[u] = 0.0
    for n in range(x.shape[0]):
        for t in range(ends[n]):
            row = x[n, t]
            for u in range(units):
                to[u] += 1.0 if row[u] != 0.0 else 0.0
            to[units] += 1.0


@kernel(ring="H S:float64", x="*N", step=":int64", every=":int64", shard=":int64")
def keep_square(ring, x, step, every, shard):
    """Keep the sum of squares of this shard's numbers."""
    ring[(step // every) % ring.shape[0], shard] = square_total(x)


STEPS = {"portrait": portray_steps, "units": count_active_steps}
KERNELS = {"none": copy, "moments": summarise, "portrait": portray, "units": count_active, "square": keep_square}


@kernel(kept="*N", x="*N")
def keep(kept, x):
    """Keep the numbers as they are before an update."""
    for i in range(x.shape[0]):
        kept[i] = x[i]


@kernel(ring="H 1:float64", x="*N", kept="*N", step=":int64", every=":int64")
def keep_change(ring, x, kept, step, every):
    """Keep the sum of squares of what an update has changed."""
    if step % every == 0:
        total = 0.0
        for i in range(x.shape[0]):
            change = float(x[i] - kept[i])
            total += change * change
        ring[(step // every) % ring.shape[0], 0] = total


def build_probe(builder: Builder, probe: Probe, every: int, batch: int, rings: dict[Probe, Value]) -> None:
    """Add the row of a probe; its ring, (length, ...), is added to `rings`.

    Of the summaries: moments and portraits (length, shards, numbers), units (length, shards, U + 1), squares
    (length, shards); what is not by example has one shard. Of units divided among the shards (see by_units) U is a shard's.
    """
    value, per_example = _watched(builder, probe)
    if probe.what == "update":
        kept = rings.setdefault(_before(probe), Value(f"{probe.of} before", RINGS, value.shape))
        builder.row(keep, only=0, kept=kept, x=value)
        return
    numbers = _size_of(value, per_example)
    shards, last = builder.shards if per_example else 1, value.shape[-1]
    assert isinstance(last, int)
    divided = by_units(value)
    shapes: dict[str, tuple[int, ...]] = {
        "none": (batch * numbers * (shards if divided else 1) if per_example else numbers,),
        "moments": (shards, len(MOMENTS)),
        "portrait": (shards, len(PORTRAIT)),
        "units": (shards, last + 1),
        "square": (shards,),
    }
    exact = "float64" if probe.summary in ("square", "portrait") else "T"
    fresh = Value(f"{probe.what} of {probe.of}", RINGS, (probe.length, *shapes[probe.summary]), exact)
    operands: dict[str, Value] = {"ring": rings.setdefault(probe, fresh), "x": value, "step": builder.counter("step")}
    operands |= {"every": builder.whole(every), "shard": builder.counter("shard") if per_example else builder.whole(0)}
    if probe.summary == "none":
        operands["shards"] = builder.counter("shards")
        if not divided:
            operands |= {"batch": builder.counter("batch"), "width": builder.whole(numbers)}
    if probe.summary == "portrait":
        operands["low"], operands["high"] = (builder.constant(edge) for edge in probe.flat)
    found = copy_units if divided and probe.summary == "none" else KERNELS[probe.summary]
    if value.lengths is not None and len(value.shape) == 3 and probe.summary in STEPS:
        found, operands["ends"] = STEPS[probe.summary], value.lengths
    builder.rows.append(Row(found, operands, builder.path, None if per_example else 0))


def build_change(builder: Builder, probe: Probe, every: int, rings: dict[Probe, Value]) -> None:
    """Behind all updates: add the row that squares what they have changed."""
    value, _ = _watched(builder, probe)
    ring = rings.setdefault(probe, Value(f"update of {probe.of}", RINGS, (probe.length, 1), "float64"))
    builder.row(keep_change, only=0, ring=ring, x=value, kept=rings[_before(probe)], step=builder.counter("step"),
                every=builder.whole(every))  # fmt: skip


def by_units(value: Value) -> bool:
    """Whether every shard has all rows of a batch, for its own share of the units (plan/split.py)."""
    return value.shape[:1] == (WHOLE_DIM,)


def _before(probe: Probe) -> Probe:
    """The key under which a parameter as it was before the update lies among the rings."""
    return Probe(f"{probe.of} before", "update")


def _size_of(value: Value, per_example: bool) -> int:
    width = 1
    for size in value.shape[1:] if per_example else value.shape:
        assert isinstance(size, int)
        width *= size
    return width


def _watched(builder: Builder, probe: Probe) -> tuple[Value, bool]:
    """The array, and whether its first axis is the batch (then every shard has some of it)."""
    if probe.what in ("parameter", "gradient", "update"):
        parameter = builder.store.parameters.get(probe.of)
        if parameter is None:
            raise ValueError(f"no parameter is called {probe.of!r}; there are {', '.join(builder.store.parameters)}")
        if probe.what in ("parameter", "update"):
            return parameter, False
        whole = Value(f"d{parameter.name}", GRADIENTS, parameter.shape, parent=parameter, shard=0)
        return whole, False  # shard 0 is where the gradients of all shards have been added up
    found = [info for info in builder.infos if info.path == probe.of]
    if not found:
        raise ValueError(f"no layer is called {probe.of!r}; there are {', '.join(i.path for i in builder.infos)}")
    output = found[0].output
    return (output if probe.what == "output" else builder.tape.gradient(output)), True
