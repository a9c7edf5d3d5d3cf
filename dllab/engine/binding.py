"""Arrays for a plan, and programs bound to them: what the step loop runs on.

Binding is one vectorised addition per table, so one plan can be bound to many memories: workers, members of a sweep,
points of a loss landscape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dllab.core import loop
from dllab.engine.layout import LINE, ROWS_OF_DATA, ROWS_OF_ORDER, WIDTHS, Layout, Layouter
from dllab.plan.plan import HISTORY_STEPS, Plan, Program
from dllab.plan.probes import Probe
from dllab.symbols import BATCH_DIM, WHOLE_DIM, Parameter, Value


class Memory:
    """What outlives a step: parameters, gradients, optimizer state, running state, history; all zero at first.

    `arrays` maps register names to byte arenas; gradients are there once for every shard. `seed`: of order and dropout.
    """

    def __init__(self, plan: Plan) -> None:
        if plan.question.loss is not None:
            plan.program("train")  # only then is it known which state the optimizer keeps
        self.plan, self.seed = plan, plan.question.seed
        self.dtype = np.dtype(plan.question.precision)
        arena = plan.arena * self.dtype.itemsize
        running = list(plan.store.running.values())
        self.arrays: dict[str, np.ndarray] = {
            "parameters": aligned(arena),
            "optimizer": aligned(arena * len(plan.slots.numbers)),
            "scratch": aligned(arena * len(plan.scratch.numbers)),
            "running": aligned(place(running, self.dtype.itemsize)),
            "history": aligned(16 * HISTORY_STEPS),
            "rings": aligned(place(list(plan.rings.values()), self.dtype.itemsize)),
        }
        for shard in range(plan.shards):
            self.arrays[f"gradients@{shard}"] = aligned(arena)
        for label, value in plan.store.running.items():
            self.view("running", value)[...] = plan.store.fills[label]

    def view(self, register: str, value: Value) -> np.ndarray:
        """A writable view of a value that lies in one of these registers."""
        return view_of(self.arrays[register], value, self.dtype)

    def looks(self, probe: Probe, steps: int) -> np.ndarray:
        """What a probe has seen in `steps` steps since step 0, oldest first: the last `probe.length` looks at most."""
        ring = self.view("rings", self.plan.rings[probe])
        count = -(-steps // self.plan.question.probe_every)
        looks = ring[np.arange(max(0, count - probe.length), count) % probe.length]
        parameter = self.plan.store.parameters.get(probe.of)
        if probe.summary == "none" and parameter is not None and parameter.transposed:
            turned = looks.reshape(-1, *parameter.shape[::-1]).swapaxes(1, 2)
            return turned.reshape(looks.shape)
        return looks

    def flat(self, register: str) -> np.ndarray:
        """A whole register of the plan's precision as one vector."""
        return self.arrays[register].view(self.dtype)


class Bound:
    """A program bound to memory and data; `control` is what the loop reads (see core/loop.py).

    `columns` maps the registers of the data set to arrays. `order` (N,) int64: the rows to go through; with `base`
    every epoch begins with a new order of those. `outputs` (N, K) receives what inference programs leave.
    """

    def __init__(self, memory: Memory, name: str, capacity: int, columns: Mapping[str, np.ndarray], order: np.ndarray,
                 *, base: np.ndarray | None = None, outputs: np.ndarray | None = None) -> None:  # fmt: skip
        plan = memory.plan
        self.memory, self.program = memory, plan.program(name)
        self.shards = self.program.shards
        self.alone = 0  # see executor.run
        self.limited = False
        self.capacity = capacity
        small = aligned(place_small(plan)), aligned(place(list(plan.store.shared.values()), memory.dtype.itemsize))
        fill_constants(plan, small[0], memory.dtype, memory.seed)
        self.layout = lay_out(plan, self.program, capacity)
        self.arrays = {**memory.arrays, "constants": small[0], "shared": small[1], "order": order}
        if outputs is not None:
            self.arrays["outputs"] = outputs
        self._base = base
        self._keep = [order, base, outputs, *columns.values()]
        self.arrays.update(columns)
        rows = max((len(a) for r, a in columns.items() if r.count(":") == 1), default=0)
        self._per_shard(rows, len(order))
        self._tables()
        self._control(len(order))

    def _per_shard(self, rows: int, ordered: int) -> None:
        self.rates = [aligned(LINE).view(np.float64) for _ in range(self.shards)]
        self.counters = [aligned(LINE).view(np.int64) for _ in range(self.shards)]
        self.sizes = [aligned(vector.nbytes).view(np.int64)[: len(vector)] for vector in self.layout.sizes]
        for own, vector in zip(self.sizes, self.layout.sizes):
            own[:] = vector
        for shard in range(self.shards):
            self.counters[shard][loop.COUNT_SHARD] = shard
            self.sizes[shard][ROWS_OF_DATA], self.sizes[shard][ROWS_OF_ORDER] = rows, ordered
            self.arrays[f"work@{shard}"] = aligned(self.layout.work_bytes)
            self.arrays[f"rates@{shard}"] = self.rates[shard]
            self.arrays[f"counters@{shard}"] = self.counters[shard]
            self.arrays[f"sizes@{shard}"] = self.sizes[shard]

    def _tables(self) -> None:
        addresses = [0] + [self._address(name) for name in self.layout.registers]
        bases = np.array(addresses, np.int64)
        self.tables = [bases[table.registers] + table.offsets for table in self.layout.tables]

    def _address(self, register: str) -> int:
        if register == "base":
            assert self._base is not None
            return int(self._base.ctypes.data)
        return int(self.arrays[register].ctypes.data)

    def _control(self, ordered: int) -> None:
        program, control = self.program, np.zeros(loop.CONTROL_FIELDS, np.int64)
        self._lists = [
            np.array([a.ctypes.data for a in arrays], np.int64)
            for arrays in (self.tables, self.sizes, self.rates, self.counters)
        ]
        self._barrier = aligned(LINE * (1 + self.shards)).view(np.int64)
        control[loop.SHARDS] = self.shards
        control[[loop.TABLES, loop.SIZES, loop.RATES, loop.COUNTERS]] = [a.ctypes.data for a in self._lists]
        control[loop.BARRIER] = self._barrier.ctypes.data
        control[loop.BATCH], control[loop.ROWS] = self.capacity, ordered
        control[loop.DERIVED] = self.layout.derived.ctypes.data
        control[loop.DERIVED_COUNT] = len(self.layout.derived)
        control[loop.EPOCH_READY] = -1
        control[loop.EPOCH_ROWS], control[loop.STEP_ROWS] = program.epoch, program.step
        control[loop.PROBE_ROWS], control[loop.UPDATE_ROWS] = program.probe, program.update
        control[loop.LAST_ROW] = len(program.rows)
        control[loop.PROBE_EVERY] = question.probe_every if (question := self.memory.plan.question).probes else 0
        control[loop.STOPPED_AT] = -1
        self.control = control

    def begin_anew(self) -> None:
        """Stand before the first step, with the seed that the memory has now."""
        own_seed = self.memory.plan.store.own_seed
        view_of(self.arrays["constants"], own_seed, self.memory.dtype)[...] = self.memory.seed
        self.control[loop.EPOCH_READY] = -1

    def limit(self, end: int | None) -> None:
        """Run steps only up to row `end` of the program (None: all of it), on one thread: rows may lack a barrier."""
        self.limited = end is not None
        program = self.program
        last = len(program.rows) if end is None else end
        for field, row in ((loop.PROBE_ROWS, program.probe), (loop.UPDATE_ROWS, program.update)):
            self.control[field] = min(row, last)
        self.control[loop.LAST_ROW] = last

    def keep_order(self) -> None:
        """Go through the rows as they stand, whatever the program shuffles."""
        self.control[loop.EPOCH_ROWS] = self.control[loop.STEP_ROWS]

    def work(self, value: Value, shard: int, rows: int) -> np.ndarray:
        """What a working value holds for a shard that has `rows` rows in hand."""
        root, shift = value, 0
        while root.parent is not None:
            shift += root.shift
            root = root.parent
        live = {BATCH_DIM: rows, WHOLE_DIM: int(self.sizes[shard][loop.SIZE_BATCH])}
        shape = tuple(live[d] if isinstance(d, str) else d for d in value.shape)
        placed = Value(value.name, value.register, shape, value.dtype, offset=self.layout.where[id(root)] + shift)
        return view_of(self.arrays[f"work@{shard}"], placed, self.memory.dtype)


def view_of(arena: np.ndarray, value: Value, precision: np.dtype) -> np.ndarray:
    """A view of a value in its arena."""
    dtype = precision if value.dtype == "T" else np.dtype(value.dtype)
    shape = tuple(int(d) for d in value.shape)
    assert value.offset is not None
    count = int(np.prod(shape, dtype=np.int64))
    numbers = arena[value.offset : value.offset + count * dtype.itemsize].view(dtype)
    if isinstance(value, Parameter) and value.transposed:
        return numbers.reshape(shape[::-1]).T
    return numbers.reshape(shape)


def lay_out(plan: Plan, program: Program, capacity: int) -> Layout:
    """The layout of a program for that many rows per shard; made once."""
    share = -(-capacity // program.shards)
    if share not in program.layouts:
        program.layouts[share] = Layouter(plan, program, share).lay_out()
    found: Layout = program.layouts[share]
    return found


def place(values: Sequence[Value], width: int) -> int:
    """Give each value that has none its offset in a register of its own; returns the bytes needed in all."""
    end = max((v.offset + size_of(v, width) for v in values if v.offset is not None), default=0)
    for value in values:
        if value.offset is None:
            value.offset = end
            end += size_of(value, width)
    return end


def size_of(value: Value, width: int) -> int:
    """Bytes of a value of fixed shape, rounded up so that vectors begin on a cache line."""
    size = WIDTHS[value.dtype] if value.dtype != "T" else width
    count = int(np.prod([int(d) for d in value.shape], dtype=np.int64))
    return -(-count * size // LINE) * LINE


def place_small(plan: Plan) -> int:
    """Offsets of the recipe's constants; they come in one register."""
    values = [*plan.store.numbers(), *(value for value, _ in plan.store.vectors)]
    return place(values, np.dtype(plan.question.precision).itemsize)


def fill_constants(plan: Plan, arena: np.ndarray, precision: np.dtype, seed: int) -> None:
    """Write the recipe's constants, and the seed, into their register."""
    for number, value in plan.store.constants.items():
        view_of(arena, value, precision)[...] = number
    for number, value in plan.store.wholes.items():
        view_of(arena, value, precision)[...] = number
    for value, numbers in plan.store.vectors:
        view_of(arena, value, precision)[...] = numbers
    view_of(arena, plan.store.own_seed, precision)[...] = seed


def aligned(size: int) -> np.ndarray:
    """Zeroed bytes that begin on a cache line."""
    raw = np.zeros(max(size, LINE) + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + max(size, LINE)]
